// Dialogs: the browser keeps the focus in them; here it is given back, and what was typed is lost after a question alone.

import * as bars from './bars.js';
import { button, fill, h, iconButton, uid } from './dom.js';
import * as draft from './draft.js';
import * as focus from './focus.js';
import { trouble } from './say.js';

const opened = [];

/** Opens a dialog. `build(dialog)` gives `{body, foot, submit}`; with `submit` it is a form. */
export function openDialog({ title, kind = 'dialog', mono = false }, build) {
  const opener = document.activeElement;
  const head = uid('head');
  const heard = h('div', { class: 'heard', role: 'status', 'aria-live': 'polite' });
  // The browser would close it at the second Esc, whatever the page says to it.
  const node = h('dialog', { class: kind, 'aria-labelledby': head, closedby: 'none' });
  const dialog = { node, heard, close: () => node.close(), leave: [], locked: () => {} };
  dialog.quit = () => quit(dialog);
  dialog.titled = (words) => fill(node.querySelector(`#${head}`), words);
  const { body, foot, submit } = build(dialog);
  dialog.body = h('div', { class: 'dialog-body' }, body, heard);
  const parts = [heading(head, title, mono, dialog), dialog.body, foot && h('div', { class: 'dialog-foot' }, foot)];
  fill(node, submit ? form(dialog, parts, submit) : parts);
  node.addEventListener('close', () => closed(dialog, opener), { once: true });
  node.addEventListener('keydown', (event) => escaped(dialog, event));
  node.addEventListener('cancel', (event) => event.target === node && event.preventDefault());
  opened.push(dialog);
  document.body.append(node);
  node.showModal();
  bars.goTo(node);
  return dialog;
}

/** Opens a dialog at the side; a click beside it closes it, unless there is a form in it. */
export function openDrawer(given, build) {
  const dialog = openDialog({ ...given, kind: 'dialog drawer' }, build);
  const beside = (event) => event.target === dialog.node && !dialog.node.querySelector('form');
  dialog.node.addEventListener('click', (event) => beside(event) && dialog.close());
  return dialog;
}

function heading(id, title, mono, dialog) {
  return h(
    'div',
    { class: 'dialog-head' },
    h('h2', { id, class: mono ? 'mono' : '' }, title),
    iconButton('close', 'Close', dialog.quit),
  );
}

/** Makes a form of a dialog, or of a part of it. */
export function form(dialog, parts, submit) {
  const listen = {
    submit: (event) => {
      event.preventDefault();
      // A form without a button of its own is submitted by Enter in its field.
      attempt(dialog, () => submit(dialog), event.submitter ?? dialog.node.querySelector('[type="submit"]'));
    },
  };
  return h('form', { id: uid('form'), novalidate: true, autocomplete: 'off', on: listen }, parts);
}

/** Does something for a dialog: its button shows that it works, and what goes wrong is shown in it. */
export async function attempt(dialog, work, by = document.activeElement) {
  if (dialog.node.getAttribute('aria-busy') === 'true') return;
  const pressed = by?.closest?.('button');
  busy(dialog, pressed, true);
  fill(dialog.heard);
  try {
    await work();
  } catch (error) {
    fill(dialog.heard, trouble(error));
    dialog.heard.scrollIntoView({ block: 'nearest' });
  } finally {
    busy(dialog, pressed, false);
  }
}

function busy(dialog, pressed, is) {
  dialog.node.setAttribute('aria-busy', String(is));
  pressed?.classList.toggle('busy', is);
  if (is) pressed?.setAttribute('aria-disabled', 'true');
  else pressed?.removeAttribute('aria-disabled');
}

/** Makes a dialog stay until it is closed by what is in it: for what is shown this once. */
export function pin(dialog, is) {
  dialog.pinned = is;
  dialog.node.querySelector('.dialog-head .icon-button').hidden = is;
}

const holds = (dialog) => dialog.pinned || draft.holds(dialog.node);

/** Closes a dialog at its user's wish: after a question, where something was typed. */
function quit(dialog) {
  if (dialog.pinned) return;
  if (!draft.holds(dialog.node)) return void dialog.close();
  ask(() => dialog.close());
}

/** Asks before what was typed is lost. */
export function ask(lose) {
  confirm({
    title: 'Discard what you typed?',
    no: 'Keep it',
    yes: 'Discard',
    words: ['It is not stored yet.'],
    work: (question) => {
      question.close();
      lose();
    },
  });
}

function escaped(dialog, event) {
  if (event.key !== 'Escape' || event.isComposing) return;
  event.preventDefault();
  dialog.quit();
}

/** Wipes every field in a part of the page. */
function wipe(part) {
  for (const field of part.querySelectorAll('input, textarea')) field.value = '';
}

function closed(dialog, opener) {
  for (const leave of dialog.leave) leave();
  opened.splice(opened.indexOf(dialog), 1);
  wipe(dialog.node);
  bars.goTo(opened.at(-1)?.node);
  dialog.node.remove();
  if (!opened.at(-1)?.node.contains(document.activeElement)) focus.back(opener);
}

/** Closes every dialog in which nothing would be lost. */
export function closeIdle() {
  for (const one of [...opened].reverse()) if (!holds(one)) one.close();
}

/** Closes every dialog at the end, and returns what was typed into them and may still be read. */
export function closeAll() {
  const typed = opened.flatMap(({ node }) => draft.readable(node));
  for (const one of [...opened].reverse()) one.close();
  return typed;
}

/** Has every dialog put away what a locked vault, or one that is gone, does not show. */
export function lockAll() {
  for (const one of [...opened].reverse()) one.locked();
}

// A tab that is closed or loaded again asks too.
addEventListener('beforeunload', (event) => {
  if (opened.some(holds)) event.preventDefault();
});

/** Asks before something is done that cannot be taken back; does it where the answer is yes. */
export function confirm({ title, words, yes, no = 'Cancel', danger = true, work }) {
  return openDialog({ title, kind: 'dialog dialog-small' }, (dialog) => ({
    body: words.map((line) => (line instanceof Node ? line : h('p', null, line))),
    foot: [
      button(no, dialog.close, { autofocus: true }),
      h('button', { type: 'submit', class: `button ${danger ? 'button-danger-main' : 'button-main'}` }, yes),
    ],
    submit: async () => {
      await work(dialog);
      dialog.close();
    },
  }));
}
