// Shortcuts: single keys, outside of fields and dialogs, which can be turned off for as long as the tab is open; and Ctrl-K.

import { button, h } from './dom.js';
import { openDialog } from './dialog.js';
import { palette } from './palette.js';
import { VIEWS, link } from './route.js';

const OFF = 'vault.keys.off';
const PAUSE = 1500;
const GO = { s: 'secrets', l: 'audit', t: 'status', a: 'agents' };
const SHOWN = [
  [['/'], 'Search'],
  [['n'], 'Add a secret or an agent'],
  ...Object.entries(GO).map(([key, view]) => [['g', key], `Go to ${VIEWS[view]}`]),
  [['?'], 'Show these keys'],
];
const ALWAYS = [[['Ctrl', 'K'], 'Find a view, an action or a secret']];
const MOVES = [
  [['↑', '↓'], 'From row to row of a list'],
  [['←', '→'], 'Along a row: its box and its buttons'],
  [['Home', 'End'], 'The heading and the last row'],
  [['Esc'], 'Close what is open'],
];

let began = 0;

const isOn = () => sessionStorage.getItem(OFF) === null;

/** Listens for the keys. */
export function keys() {
  document.addEventListener('keydown', (event) => {
    const { key, target } = event;
    if (isPalette(event)) return void palette(event);
    const typing = target.closest('input:not([type="checkbox"]), textarea, select, [contenteditable]');
    const elsewhere = typing || document.querySelector('dialog[open]') || event.ctrlKey || event.altKey || event.metaKey;
    if (elsewhere || !document.querySelector('.tabs-nav')) return;
    if (!isOn() && key !== '?') return;
    if (act(key)) event.preventDefault();
  });
}

/** Ctrl-K, which a Mac has as Command-K; it is no single key, so it works in fields and cannot be turned off. */
const isPalette = ({ key, ctrlKey, metaKey, altKey, shiftKey }) =>
  key.toLowerCase() === 'k' && ctrlKey !== metaKey && !altKey && !shiftKey;

function act(key) {
  const goes = Date.now() - began < PAUSE;
  began = key === 'g' ? Date.now() : 0;
  if (goes && GO[key]) location.hash = link(GO[key]);
  else if (key === '/') document.querySelector('main input[type="search"]')?.focus();
  else if (key === 'n') add();
  else if (key === '?') help();
  else return false;
  return true;
}

function add() {
  const button = document.querySelector('main [data-focus="add"]');
  if (button?.checkVisibility()) button.click();
}

/** Shows the keys. */
export function help() {
  const box = h('input', { type: 'checkbox', checked: isOn() });
  box.addEventListener('change', () => {
    // It is kept at once: nothing is lost with the dialog.
    box.defaultChecked = box.checked;
    if (box.checked) sessionStorage.removeItem(OFF);
    else sessionStorage.setItem(OFF, 'off');
  });
  openDialog({ title: 'Keys', kind: 'dialog dialog-small' }, (dialog) => ({
    body: [
      list('Single keys', SHOWN),
      h('label', { class: 'check' }, box, 'Single keys are on'),
      list('Everywhere', ALWAYS),
      list('In a list', MOVES),
    ],
    foot: [button('Close', dialog.close, { kind: 'main', autofocus: true })],
  }));
}

function list(title, all) {
  const row = ([caps, words]) => [
    h(
      'dt',
      null,
      caps.map((cap) => h('kbd', null, cap)),
    ),
    h('dd', null, words),
  ];
  return h('section', { class: 'stack-tight' }, h('h3', null, title), h('dl', { class: 'facts keys' }, all.map(row)));
}
