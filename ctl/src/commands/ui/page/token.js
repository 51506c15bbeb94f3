// The token of an agent, which is shown once.

import { copyOnce } from './clipboard.js';
import { openDialog, pin } from './dialog.js';
import { button, fill, h } from './dom.js';
import { note, trouble } from './say.js';

/** Opens a dialog that shows a token. */
export function openToken(title, token) {
  showToken(openDialog({ title }, () => ({ body: [], foot: [] })), title, token);
}

/** Shows a token in a dialog. */
export function showToken(dialog, title, token) {
  const copy = button('Copy the token', () => copyToken(dialog, token), {
    kind: 'main',
    mark: 'copy',
    'data-copies': '',
  });
  dialog.titled(title);
  // It cannot be had again: no key closes it before it is copied or said to be kept.
  pin(dialog, true);
  dialog.leave.push(() => {
    token = '';
    fill(dialog.body);
  });
  fill(
    dialog.body,
    note(
      'warn',
      'This token is shown this once',
      h(
        'span',
        { class: 'hint' },
        'The vault keeps only its digest. Put it where the agent finds it, such as a private file for --token-file.',
      ),
    ),
    h('code', { class: 'token' }, token),
    dialog.heard,
  );
  fill(dialog.node.querySelector('.dialog-foot'), copy, button('I have it', dialog.close));
  copy.focus();
}

async function copyToken(dialog, token) {
  try {
    await copyOnce(async () => token);
    pin(dialog, false);
  } catch (error) {
    fill(dialog.heard, trouble(error));
  }
}
