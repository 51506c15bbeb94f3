// A value on the page: fetched when it is asked for, gone after 20 seconds, and whenever nobody looks.

import { fill, h, icon, iconButton } from './dom.js';
import { copyOnce } from './clipboard.js';
import { trouble } from './say.js';
import * as vault from './state.js';

const SECONDS = 20;
const MASK = '••••••••••••';
const UNKNOWN = 'Hidden: the vault does not answer, so it is not known whether it is still unlocked.';

/** Makes the box of a value that `read()` fetches; `leave()` empties it for good. */
export function revealBox(read, what) {
  const box = h(
    'pre',
    {
      class: 'value-box',
      'data-shown': 'false',
      tabindex: '0',
      role: 'group',
      'aria-label': `Value of ${what}, hidden`,
    },
    MASK,
  );
  const left = h('span', { class: 'help' }, 'Looking at it or copying it is recorded in the audit log.');
  const problem = h('div');
  const eye = iconButton('eye', 'Show value', () => (state.shown ? hide(state) : show(state)), {
    'aria-pressed': 'false',
  });
  const copy = iconButton('copy', 'Copy value', () => copyValue(state), { 'data-copies': '' });
  const state = { read, what, box, left, eye, problem, shown: false, asked: null, timer: null };
  const node = h('div', { class: 'panel' }, h('div', { class: 'value-line' }, box, eye, copy), left, problem);
  const leave = watch(() => hide(state));
  // A value that was asked for is still waited for: its answer says that the vault is open.
  const unfollow = vault.follow((how) => how === 'slow' && state.shown && hide(state, UNKNOWN));
  return {
    node,
    leave: () => {
      hide(state);
      leave();
      unfollow();
    },
  };
}

// A value must not stay where another person, a screen shot or another tab's page may find it.
function watch(away) {
  const gone = () => document.visibilityState === 'hidden' && away();
  window.addEventListener('blur', away);
  window.addEventListener('pagehide', away);
  window.addEventListener('hashchange', away);
  document.addEventListener('visibilitychange', gone);
  return () => {
    for (const event of ['blur', 'pagehide', 'hashchange']) window.removeEventListener(event, away);
    document.removeEventListener('visibilitychange', gone);
  };
}

async function show(state) {
  state.asked?.abort();
  const asked = new AbortController();
  state.asked = asked;
  fill(state.problem);
  try {
    const { value } = await state.read(asked.signal);
    if (!asked.signal.aborted) put(state, value);
  } catch (error) {
    if (!asked.signal.aborted) fill(state.problem, trouble(error));
  }
}

function put(state, value) {
  state.shown = true;
  state.box.dataset.shown = 'true';
  state.box.setAttribute('aria-label', `Value of ${state.what}`);
  fill(state.box, value);
  press(state, 'Hide value', 'eye-off');
  const end = Date.now() + SECONDS * 1000;
  const tick = () => {
    const seconds = Math.ceil((end - Date.now()) / 1000);
    if (seconds <= 0) hide(state);
    else fill(state.left, `Hidden again in ${seconds} s.`);
  };
  tick();
  state.timer = setInterval(tick, 250);
}

function hide(state, why = 'Hidden again.') {
  state.asked?.abort();
  clearInterval(state.timer);
  if (!state.shown) return;
  state.shown = false;
  state.box.dataset.shown = 'false';
  state.box.setAttribute('aria-label', `Value of ${state.what}, hidden`);
  fill(state.box, MASK);
  fill(state.left, why);
  press(state, 'Show value', 'eye');
}

function press(state, words, mark) {
  state.eye.setAttribute('aria-pressed', String(state.shown));
  state.eye.setAttribute('aria-label', words);
  state.eye.title = words;
  fill(state.eye, icon(mark));
}

async function copyValue(state) {
  fill(state.problem);
  try {
    await copyOnce(async () => (await state.read()).value);
  } catch (error) {
    fill(state.problem, trouble(error));
  }
}
