// One Tab stop for a group of controls, as the ARIA practices describe it: arrows move in it.

const STOPS = 'button:not([disabled]), input, a[href]';

const stops = (group) => [...group.querySelectorAll(STOPS)];

/** Makes one control of a group its Tab stop: the one given, else its first. */
export function oneStop(group, chosen) {
  const all = stops(group);
  const at = Math.max(0, all.indexOf(chosen));
  all.forEach((stop, place) => stop.setAttribute('tabindex', place === at ? '0' : '-1'));
}

/** Has arrows move along the rows of a table and from row to row; each row is one group. */
export function roving(table) {
  table.addEventListener('focusin', ({ target }) => {
    const row = target.closest('tr');
    if (row && target.matches(STOPS)) oneStop(row, target);
  });
  table.addEventListener('keydown', (event) => {
    const row = event.target.closest('tr');
    if (!row || !event.target.matches(STOPS) || event.ctrlKey || event.altKey || event.metaKey) return;
    const next = moved(table, row, event);
    if (!next) return;
    event.preventDefault();
    next.focus();
  });
}

function moved(table, row, { key, target }) {
  const all = stops(row);
  const at = all.indexOf(target);
  const along = { ArrowRight: at + 1, ArrowLeft: at - 1 }[key];
  if (along !== undefined) return all[along];
  const rows = [...table.querySelectorAll('tr')].filter((one) => stops(one).length);
  const place = rows.indexOf(row);
  const to = { ArrowDown: rows[place + 1], ArrowUp: rows[place - 1], Home: rows[0], End: rows.at(-1) }[key];
  if (!to || to === row) return undefined;
  // From row to row the kind of control stays, where the other row has it.
  const word = target.dataset.focus?.split('-')[0];
  return stops(to).find((one) => word && one.dataset.focus?.startsWith(`${word}-`)) ?? to.querySelector('[tabindex="0"]');
}
