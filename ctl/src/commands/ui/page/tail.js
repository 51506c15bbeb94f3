// The log as it grows: the list is read again whenever something was committed.

import * as api from './api.js';
import { fill, h, settled } from './dom.js';
import { say } from './say.js';

/** Makes the switch; it ends with the view. */
export function liveToggle(leaving, reload) {
  const state = { running: null, reload: settled(reload, 150) };
  const node = h('button', { type: 'button', class: 'button', 'aria-pressed': 'false', 'data-focus': 'live' });
  node.addEventListener('click', () => (state.running ? stop(state, node) : start(state, node)));
  leaving.addEventListener('abort', () => state.running?.abort());
  draw(node, false);
  return node;
}

function draw(node, on) {
  node.setAttribute('aria-pressed', String(on));
  node.classList.toggle('button-main', on);
  fill(node, on && h('span', { class: 'live-dot' }), on ? 'Live' : 'Follow live');
}

async function start(state, node) {
  const running = new AbortController();
  state.running = running;
  draw(node, true);
  state.reload();
  try {
    // The first time for what was committed between the last reading and the stream.
    for await (const frame of api.events(running.signal)) if (frame) state.reload();
    if (!running.signal.aborted) say('The live log has ended; follow it again to go on.');
  } catch (error) {
    if (error.name !== 'AbortError') say(`The live log has ended: ${error.message}`);
  }
  if (state.running === running) stop(state, node);
}

function stop(state, node) {
  state.running?.abort();
  state.running = null;
  draw(node, false);
}
