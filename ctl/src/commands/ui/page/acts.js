// What is done to the whole vault: lock it, seal everything afresh.

import * as api from './api.js';
import { button, fill, h } from './dom.js';
import { confirm, openDialog } from './dialog.js';
import { counted } from './format.js';
import { note, say, trouble } from './say.js';
import { LONG } from './waiting.js';

/** Makes the button that locks the vault, after a question. */
export function lockButton() {
  return button(
    'Lock now…',
    () =>
      confirm({
        title: 'Lock the vault?',
        yes: 'Lock now',
        danger: true,
        words: ['The keys are wiped from memory. No agent can read a secret until somebody unlocks it with the key.'],
        work: async (dialog) => {
          await api.post('/vault/lock');
          dialog.close();
          say('The vault is locked.');
        },
      }),
    { mark: 'lock', 'data-focus': 'lock' },
  );
}

/** Makes the button that rotates every secret, after a question. */
export function rotateAllButton(after) {
  return button(
    'Rotate all…',
    () =>
      confirm({
        title: 'Rotate every secret?',
        yes: 'Rotate all',
        danger: false,
        words: [
          'Every value is sealed again under a fresh salt and IV, all of them in one transaction. The credentials themselves do not change.',
        ],
        work: (dialog) => {
          dialog.close();
          return rotateAll(after);
        },
      }),
    { mark: 'rotate', 'data-focus': 'rotate-all' },
  );
}

async function rotateAll(after) {
  const bar = h('progress', { 'aria-label': 'Rotating' });
  const words = h('p', { class: 'muted' }, 'Sealing every secret afresh…');
  const dialog = openDialog({ title: 'Rotate all', kind: 'dialog dialog-small' }, () => ({ body: [words, bar] }));
  try {
    const { rotated, errors } = await api.post('/vault/rotate-all', { orgId: '*' }, LONG);
    fill(
      dialog.body,
      result(rotated, errors),
      h('div', { class: 'buttons' }, button('Done', dialog.close, { kind: 'main' })),
    );
    dialog.body.querySelector('button').focus();
    after();
  } catch (error) {
    fill(dialog.body, trouble(error));
  }
}

function result(rotated, errors) {
  const good = note('good', `${counted(rotated, 'secret')} rotated`);
  good.setAttribute('role', 'status');
  if (!errors.length) return good;
  return [
    good,
    note('bad', `${counted(errors.length, 'secret')} could not be rotated`),
    h(
      'ul',
      { class: 'found' },
      errors.map((one) => h('li', null, h('span', { class: 'mono grow' }, one.name), h('span', null, one.error))),
    ),
  ];
}
