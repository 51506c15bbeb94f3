// What a scenario waits for, noted in the page itself: that it has nothing under way, and what it has said.

/** A last resort, in milliseconds: what takes longer does not come. */
export const PATIENCE = 60_000;

/** Has every page of a context note what it does, before its own scripts run. */
export async function noted(context) {
  await context.addInitScript(note, PATIENCE);
}

/**
 * Waits until a page is still: no request under way, no short timer, no dialog that closes, two frames drawn.
 *
 * Before that, what is clicked may be replaced or moved between the press and the release, and the click is lost;
 * and a dialog that was closed is emptied only when the browser tells the page of it.
 */
export function still(page) {
  return page.evaluate(() => window.noted.still());
}

/** Waits for a message at the edge of the page or in a dialog, also if it has gone since; each is heard once. */
export function told(page, words) {
  const [source, flags] = words instanceof RegExp ? [words.source, words.flags] : [escaped(words), 'i'];
  return page.evaluate(([source, flags]) => window.noted.told(new RegExp(source, flags)), [source, flags]);
}

function escaped(words) {
  return words.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}

/** Has a page's keys, and all clicks and fields, wait until it is still. */
export function patient(page) {
  wrap(page.keyboard, ['press', 'type'], () => page);
  const locators = Object.getPrototypeOf(page.locator('body'));
  if (Object.hasOwn(locators, 'isPatient')) return;
  locators.isPatient = true;
  wrap(locators, ['click', 'check', 'uncheck', 'fill', 'press', 'selectOption'], (locator) => locator.page());
}

function wrap(object, names, pageOf) {
  for (const name of names) {
    const act = object[name];
    object[name] = async function patiently(...given) {
      await still(pageOf(this));
      return act.apply(this, given);
    };
  }
}

// Runs in the page, which may put a clock of its own in the place of these later.
function note(patience) {
  const [ask, later, forget, frame] = [fetch, setTimeout, clearTimeout, requestAnimationFrame].map((one) =>
    one.bind(window),
  );
  const timers = new Set();
  const said = [];
  const waiting = new Set();
  let requests = 0;

  const look = () => waiting.forEach((one) => one());
  // What the page makes of an answer is made when the tasks that are due now have run.
  const done = () =>
    later(() => {
      requests -= 1;
      look();
    }, 0);
  const counted = (work) => {
    requests += 1;
    work.then(done, done);
    return work;
  };
  window.fetch = (...given) => {
    if (String(given[0]).startsWith('/vault/events')) return ask(...given);
    return counted(
      ask(...given).then((response) => {
        const read = response.json.bind(response);
        response.json = () => counted(read());
        return response;
      }),
    );
  };
  window.setTimeout = (run, time = 0, ...given) => {
    const timer = later(() => {
      timers.delete(timer);
      run(...given);
      look();
    }, time);
    if (time < 1000) timers.add(timer);
    return timer;
  };
  window.clearTimeout = (timer) => {
    timers.delete(timer);
    forget(timer);
    look();
  };
  const until = (holds, what) =>
    new Promise((yes, no) => {
      const overdue = later(() => no(new Error(what)), patience);
      const check = () => {
        if (!holds()) return;
        waiting.delete(check);
        forget(overdue);
        yes();
      };
      waiting.add(check);
      check();
    });
  const isStill = () => requests === 0 && timers.size === 0 && !document.querySelector('dialog:not([open])');
  // A browser that draws nothing for a second gives no frame, and moves nothing.
  const drawn = () =>
    new Promise((yes) => {
      frame(() => frame(yes));
      later(yes, 1000);
    });
  const still = async () => {
    do {
      await until(isStill, 'the page is not still');
      await drawn();
    } while (!isStill());
  };
  const told = (pattern) => {
    const heard = () => {
      const at = said.findIndex((words) => pattern.test(words));
      if (at >= 0) said.splice(0, at + 1);
      return at >= 0;
    };
    return until(heard, `the page did not say ${pattern}`);
  };
  new MutationObserver((changes) => {
    const messages = changes.filter(({ target }) => target.matches?.('#toasts, .heard'));
    const added = messages.flatMap((one) => [...one.addedNodes]).filter((node) => node.checkVisibility?.());
    said.push(...added.map((node) => node.textContent));
    look();
  }).observe(document, { childList: true, subtree: true });
  window.noted = { still, told };
}
