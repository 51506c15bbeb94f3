// Tabs inside a dialog, as the ARIA practices describe them: arrows move, one tab stop for all.

import { h, uid } from './dom.js';

/** Makes tabs of `[{words, node}, …]`; `chosen(at)` is called with the place of the one that is shown. */
export function tabs(label, parts, chosen) {
  const list = h('div', { class: 'tablist', role: 'tablist', 'aria-label': label });
  const made = parts.map(({ words, node }, at) => {
    const panel = h('div', { role: 'tabpanel', id: uid('panel'), class: 'stack' }, node);
    const tab = h(
      'button',
      {
        type: 'button',
        role: 'tab',
        class: 'tab',
        id: uid('tab'),
        'aria-controls': panel.id,
        on: { click: () => show(at) },
      },
      words,
    );
    panel.setAttribute('aria-labelledby', tab.id);
    return { tab, panel };
  });
  const show = (at) => {
    made.forEach(({ tab, panel }, place) => {
      tab.setAttribute('aria-selected', String(place === at));
      tab.setAttribute('tabindex', place === at ? '0' : '-1');
      panel.hidden = place !== at;
    });
    chosen(at);
  };
  list.append(...made.map(({ tab }) => tab));
  list.addEventListener('keydown', (event) => move(event, made, show));
  show(0);
  return [list, ...made.map(({ panel }) => panel)];
}

function move(event, made, show) {
  const now = made.findIndex(({ tab }) => tab === event.target);
  const next = { ArrowRight: now + 1, ArrowLeft: now - 1, Home: 0, End: made.length - 1 }[event.key];
  if (next === undefined) return;
  event.preventDefault();
  const at = (next + made.length) % made.length;
  show(at);
  made[at].tab.focus();
}
