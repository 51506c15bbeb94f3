// What a person does here is use, and the server hears of it; before it ends for lack of use, the person is asked.

import * as api from './api.js';
import { button, fill, h } from './dom.js';
import { openDialog } from './dialog.js';
import * as session from './session.js';

const MINUTE = 60_000;

let pause = MINUTE;
let last = -Infinity;
let question = null;

for (const kind of ['keydown', 'pointerdown', 'input']) addEventListener(kind, used, { capture: true, passive: true });

/** Notes after how many seconds without use the server ends. */
export function begins(seconds) {
  pause = Math.min(MINUTE, (Number(seconds) * 1000) / 4);
}

// Typing asks for nothing by itself, so it is reported, once a minute at most; the question is answered by its own buttons.
function used() {
  if (!question && Date.now() - last >= pause) tell();
}

function tell() {
  const { isOver, closing } = session.present();
  if (isOver) return;
  last = Date.now();
  // The click that closes the dashboard is use too: of that the server need not hear.
  api.post('/session/use', {}, { signal: closing.signal }).catch(() => null);
}

/** Asks whether to stay, with a countdown. */
export function ending(seconds) {
  if (question) return;
  const end = Date.now() + Number(seconds) * 1000;
  const left = h('strong', { class: 'figure', role: 'timer' });
  question = openDialog({ title: 'Stay?', kind: 'dialog dialog-small' }, (dialog) => ({
    body: h('p', null, 'The dashboard was not used for a while. It ends in ', left, '.'),
    foot: [
      button('Close the dashboard', session.close),
      button('Stay', dialog.close, { kind: 'main', autofocus: true }),
    ],
  }));
  const tick = () => fill(left, `${Math.max(0, Math.ceil((end - Date.now()) / 1000))} s`);
  const timer = setInterval(tick, 1000);
  tick();
  question.leave.push(() => {
    clearInterval(timer);
    if (question) tell();
    question = null;
  });
}

/** Notes that it goes on: then there is nothing to answer. */
export function staying() {
  const asked = question;
  question = null;
  asked?.close();
}
