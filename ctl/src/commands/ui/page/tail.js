// The log as it grows: the list is read again whenever something was committed.

import * as api from './api.js';
import { fill, h, settled } from './dom.js';
import { counted } from './format.js';
import * as route from './route.js';
import { say } from './say.js';

/** Makes the switch; it ends with the view. `loaded(rows)` says how many of the rows that are shown now are new. */
export function liveToggle(leaving, reload) {
  const heard = h('span', { class: 'unseen', role: 'status' });
  const button = h('button', { type: 'button', class: 'button', 'aria-pressed': 'false', 'data-focus': 'live' });
  const state = { running: null, reload: settled(reload, 150), button, newest: 0 };
  button.addEventListener('click', () => (state.running ? stop(state) : start(state)));
  leaving.addEventListener('abort', () => state.running?.abort());
  draw(button, false);
  const loaded = (rows) => {
    const fresh = rows.filter(({ seq }) => seq > state.newest).length;
    if (state.running && state.newest && fresh) fill(heard, `${counted(fresh, 'new entry', 'new entries')}`);
    state.newest = Math.max(state.newest, ...rows.map(({ seq }) => seq));
  };
  return { node: h('span', { class: 'buttons' }, button, heard), loaded };
}

function draw(node, on) {
  node.setAttribute('aria-pressed', String(on));
  node.classList.toggle('button-main', on);
  fill(node, on && h('span', { class: 'live-dot' }), on ? 'Live' : 'Follow live');
}

async function start(state) {
  const running = new AbortController();
  state.running = running;
  draw(state.button, true);
  // New entries are at the newest end.
  route.change({ before: '', after: '' });
  state.reload();
  try {
    // The first time for what was committed between the last reading and the stream.
    for await (const frame of api.events(running.signal)) if (frame) state.reload();
    if (!running.signal.aborted) say('The live log has ended; follow it again to go on.');
  } catch (error) {
    if (error.name !== 'AbortError') say(`The live log has ended: ${error.message}`);
  }
  if (state.running === running) stop(state);
}

function stop(state) {
  state.running?.abort();
  state.running = null;
  draw(state.button, false);
}
