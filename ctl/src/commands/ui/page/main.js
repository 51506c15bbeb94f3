// The page's beginning: the session, the frame, and which view is shown.

import * as agents from './agents.js';
import * as audit from './audit.js';
import { closeAll, closeIdle, lockAll } from './dialog.js';
import { fill } from './dom.js';
import { conceal } from './focus.js';
import { frame, gate, noDaemon } from './frame.js';
import { keys } from './keys.js';
import * as route from './route.js';
import { say } from './say.js';
import * as secrets from './secrets.js';
import * as session from './session.js';
import * as state from './state.js';
import * as status from './status.js';
import { theme } from './theme.js';
import * as use from './use.js';

const views = { secrets, audit, status, agents };
const app = document.getElementById('app');
const shell = frame();
let present = null;

theme();
keys();
session.onEnd((reason) => {
  const typed = closeAll();
  leave();
  fill(app, gate(reason, typed));
});
session.onLink(start);
start().then(() => {
  route.follow(show);
  state.follow(turned);
});

async function start() {
  const how = await session.open();
  if (how !== 'open' && session.over()) return void fill(app, gate(how));
  if (how !== 'open') return void say('That link has been used or has ended. This session goes on.');
  leave();
  fill(app, shell.parts);
  session.stay({ vault: state.set, begins: use.begins, ending: use.ending, staying: use.staying });
  await state.known();
  show(route.read());
}

function leave() {
  present?.leave();
  present = null;
}

function show({ view, query, item }) {
  closeIdle();
  if (session.over() || !state.present()) return;
  if (present?.view !== view) put(view);
  if (state.vault() !== 'gone') present.update(query, item);
}

function put(view) {
  const isFirst = present === null;
  leave();
  const leaving = new AbortController();
  const made = views[view].view(leaving.signal);
  const { node } = made;
  present = { view, ...made, leave: () => leaving.abort() };
  shell.show(view, state.vault() === 'gone' ? noDaemon() : node, isFirst);
  offer();
}

// What the head of a view offers needs an open vault, and so does what is marked.
function offer() {
  for (const part of app.querySelectorAll('.view-head .buttons, [data-open-only]'))
    conceal(part, state.vault() !== 'unlocked');
}

// Whatever the vault has become is shown in the view that is open, and what it does not show any more is put away.
let before = null;
function turned() {
  const vault = state.vault();
  if (vault === before) return;
  const was = before;
  before = vault;
  if (vault !== 'unlocked') lockAll();
  if (!present || was === null) return;
  if (vault === 'gone') shell.put(noDaemon());
  else {
    if (was === 'gone') shell.put(present.node);
    offer();
    present.reload();
  }
}
