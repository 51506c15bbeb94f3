// The page's beginning: the session, the frame, and which view is shown.

import * as agents from './agents.js';
import * as audit from './audit.js';
import { closeAll } from './dialog.js';
import { fill } from './dom.js';
import { frame, gate } from './frame.js';
import * as route from './route.js';
import * as secrets from './secrets.js';
import * as session from './session.js';
import { changed } from './state.js';
import * as status from './status.js';
import { theme } from './theme.js';

const views = { secrets, audit, status, agents };
const app = document.getElementById('app');
let present = null;

theme();
session.onEnd((reason) => {
  closeAll();
  present?.leave();
  present = null;
  fill(app, gate(reason));
});
start();

async function start() {
  const how = await session.open();
  if (how !== 'open') return void fill(app, gate(how));
  const main = frame(app);
  session.stay();
  changed();
  route.follow((now) => show(main, now));
}

function show(main, { view, query }) {
  closeAll();
  if (!app.contains(main.node)) return;
  if (present?.view === view) return void present.update(query);
  present?.leave();
  const leaving = new AbortController();
  const made = views[view].view(leaving.signal);
  const first = present === null;
  present = { view, update: made.update, leave: () => leaving.abort() };
  main.show(view, made.node, first);
  made.update(query);
}
