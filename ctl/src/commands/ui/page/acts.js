// What is done to the whole vault: lock it, re-encrypt everything.

import * as api from './api.js';
import { button, fill, h } from './dom.js';
import { confirm, openDialog } from './dialog.js';
import { counted } from './format.js';
import { foundList } from './facts.js';
import { named } from './named.js';
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
        words: ['The keys are wiped from memory. No agent can read a secret until it is unlocked with the key.'],
        work: async (dialog) => {
          await api.post('/vault/lock');
          dialog.close();
          say('The vault is locked.');
        },
      }),
    { mark: 'lock', 'data-focus': 'lock' },
  );
}

/** Makes the button that re-encrypts every secret, after a question. */
export function reencryptAllButton(after) {
  return button(
    'Re-encrypt all…',
    () =>
      confirm({
        title: 'Re-encrypt every secret?',
        yes: 'Re-encrypt all',
        danger: false,
        words: [
          'Every value is encrypted again, under a new salt and IV, all of them in one transaction. The credentials themselves do not change.',
        ],
        work: (dialog) => {
          dialog.close();
          return reencryptAll(after);
        },
      }),
    { mark: 'rotate', 'data-focus': 'rotate-all' },
  );
}

async function reencryptAll(after) {
  const bar = h('progress', { 'aria-label': 'Re-encrypting' });
  const words = h('p', { class: 'muted' }, 'Every secret is encrypted again…');
  const dialog = openDialog({ title: 'Re-encrypt all', kind: 'dialog dialog-small' }, () => ({ body: [words, bar] }));
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
  const good = note('good', `${counted(rotated, 'secret')} re-encrypted`);
  good.setAttribute('role', 'status');
  if (!errors.length) return good;
  return [
    good,
    note('bad', `${counted(errors.length, 'secret')} could not be re-encrypted`),
    foundList(
      'Secrets that could not be re-encrypted',
      errors.map((one) => h('li', null, named(one.name, 'mono grow'), h('span', null, one.error))),
    ),
  ];
}
