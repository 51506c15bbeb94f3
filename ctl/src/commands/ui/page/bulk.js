// What is done to many secrets at once: one request each, with a bar that shows how far it is.

import * as api from './api.js';
import { button, fill, h } from './dom.js';
import { openDialog, confirm } from './dialog.js';
import { conceal } from './focus.js';
import { foundList } from './facts.js';
import { plainly } from './faults.js';
import { counted } from './format.js';
import { named } from './named.js';
import { note, say } from './say.js';

const ACTS = {
  rotate: { verb: 'Re-encrypt', done: 're-encrypted', run: (row) => api.post(api.secretPath(row.id, '/rotate')) },
  delete: { verb: 'Delete', done: 'deleted', run: (row) => api.remove(api.secretPath(row.id)) },
};

/** Makes the bar that appears where rows are chosen. */
export function bulkBar(chosen, { reload, clear }) {
  const words = h('strong', { role: 'status' });
  const act = (name) => () =>
    ask(ACTS[name], [...chosen.values()], () => {
      clear();
      reload();
    });
  const node = h(
    'div',
    { class: 'chosen', hidden: true },
    words,
    button('Re-encrypt', act('rotate'), { kind: 'small', mark: 'rotate', 'data-focus': 'bulk-rotate' }),
    button('Delete', act('delete'), { kind: 'small danger', mark: 'trash', 'data-focus': 'bulk-delete' }),
    button('Choose none', clear, { kind: 'small quiet' }),
  );
  const show = () => {
    conceal(node, chosen.size === 0);
    fill(words, `${counted(chosen.size, 'secret')} chosen`);
  };
  return { node, show };
}

function ask(act, rows, after) {
  const many = counted(rows.length, 'secret');
  const what =
    act === ACTS.delete
      ? ['Deletion is permanent. Every service that uses one of these secrets loses its access at once.']
      : ['Each is encrypted again, under a new salt and IV. The values stay as they are.'];
  return confirm({
    title: `${act.verb} ${many}?`,
    words: [...what, names(rows)],
    yes: `${act.verb} ${many}`,
    danger: act === ACTS.delete,
    work: (dialog) => {
      dialog.close();
      return carryOut(act, rows, after);
    },
  });
}

function names(rows) {
  const shown = rows.slice(0, 5).map((row) => h('li', null, named(row.name, 'mono')));
  const rest = rows.length - shown.length;
  return h('ul', { class: 'stack-tight' }, shown, rest > 0 && h('li', { class: 'muted' }, `and ${rest} more`));
}

async function carryOut(act, rows, after) {
  const bar = h('progress', { max: rows.length, 'aria-label': act.verb });
  bar.value = 0;
  const dialog = openDialog(
    { title: `${act.verb} ${counted(rows.length, 'secret')}`, kind: 'dialog dialog-small' },
    () => ({ body: bar }),
  );
  const failed = [];
  for (const row of rows) {
    await act.run(row).catch((error) => failed.push([row, error]));
    bar.value += 1;
  }
  after();
  if (!failed.length) {
    dialog.close();
    return void say(`${counted(rows.length, 'secret')} ${act.done}.`);
  }
  fill(dialog.body, failures(failed, rows.length, act));
}

function failures(failed, all, act) {
  return [
    note('bad', `${failed.length} of ${counted(all, 'secret')} could not be ${act.done}`),
    foundList(
      'What could not be done',
      failed.map(([row, error]) =>
        h(
          'li',
          null,
          named(row.name, 'mono grow'),
          h('span', null, plainly(error).message),
          h('span', { class: 'muted' }, plainly(error).hint),
        ),
      ),
    ),
  ];
}
