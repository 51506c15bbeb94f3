// A locked vault, and the way to open it.

import * as api from './api.js';
import { button, h, icon } from './dom.js';
import { openDialog } from './dialog.js';
import { valueField } from './fields.js';
import { say } from './say.js';

/** What each reason of a locked vault means. */
export const REASONS = {
  no_key: 'There is no key at any of its sources.',
  wrong_key: 'The key that it was given opens no slot of this vault.',
  key_file_unsafe: 'Others may read or change the key file, so it was not used.',
  by_request: 'It was locked on request.',
  idle: 'Nothing was read for a while, so it locked itself.',
  no_locked_memory: 'No page of memory could be locked for the keys.',
  damaged: 'The header of the vault does not authenticate.',
};

/** Shows that the vault is locked, in the place of what cannot be read. */
export function locked() {
  return h(
    'div',
    { class: 'empty' },
    icon('lock'),
    h('h2', null, 'The vault is locked'),
    h('p', null, 'Its keys are not in memory, so nothing in it can be read.'),
    unlockButton(),
  );
}

/** Makes the button that asks for the key. */
export function unlockButton() {
  return button('Unlock…', ask, { kind: 'main', mark: 'unlock', 'data-focus': 'unlock' });
}

function ask() {
  const key = valueField('Key', {
    required: true,
    help: 'AGENTICMAIL_VAULT_KEY, or the recovery key. It is not kept by this page.',
  });
  key.input.setAttribute('autofocus', '');
  return openDialog({ title: 'Unlock the vault', kind: 'dialog dialog-small' }, (dialog) => ({
    body: key.node,
    foot: [
      button('Cancel', dialog.quit),
      h('button', { type: 'submit', class: 'button button-main' }, icon('unlock'), 'Unlock'),
    ],
    submit: () => unlock(dialog, key),
  }));
}

async function unlock(dialog, key) {
  if (!key.value()) return void key.help('A key is needed.', 'bad');
  try {
    await api.post('/vault/unlock', { key: key.value() });
  } catch (error) {
    key.input.value = '';
    key.input.focus();
    throw error;
  }
  dialog.close();
  say('The vault is unlocked.');
}
