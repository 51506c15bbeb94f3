// The values that a secret had, and the way back to one of them.

import * as api from './api.js';
import { button, fill, h } from './dom.js';
import { confirm } from './dialog.js';
import { moment } from './format.js';
import { chip } from './pills.js';
import { seen } from './named.js';
import { say, trouble } from './say.js';

/** Makes the part of a secret's page that lists its versions when it is opened. */
export function versions(row, after) {
  const place = h('div');
  const node = h('details', { class: 'section' }, h('summary', null, 'Versions'), place);
  node.addEventListener('toggle', () => node.open && load(row, place, after));
  return node;
}

async function load(row, place, after) {
  try {
    const found = await api.get(api.secretPath(row.id, '/versions'));
    fill(
      place,
      h(
        'ul',
        { class: 'versions' },
        found.versions.map((one) => line(row, one, after)),
      ),
    );
  } catch (error) {
    fill(
      place,
      trouble(error, () => load(row, place, after)),
    );
  }
}

function line(row, one, after) {
  const present = one.version === row.version;
  return h(
    'li',
    null,
    h(
      'span',
      { class: 'grow' },
      h('strong', null, `Version ${one.version}`),
      h('span', { class: 'under' }, moment(one.createdAt), ` by ${one.createdBy}`),
    ),
    present
      ? chip('Present', 'good')
      : button('Restore', () => ask(row, one.version, after), {
          kind: 'small',
          mark: 'back',
          'aria-label': `Restore version ${one.version}`,
        }),
  );
}

function ask(row, version, after) {
  return confirm({
    title: `Restore version ${version}?`,
    yes: `Restore version ${version}`,
    danger: false,
    words: [`Its value becomes the newest version of ${seen(row.name)}. The present value is kept among the versions.`],
    work: async (dialog) => {
      await api.post(api.secretPath(row.id, '/rollback'), { version });
      dialog.close();
      after();
      say(`Version ${version} is back, as the newest.`);
    },
  });
}
