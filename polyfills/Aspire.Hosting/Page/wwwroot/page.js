import { h, text } from './dom.js';
import { logs } from './logs.js';
import { metrics } from './metrics.js';
import { resources } from './resources.js';
import { trace } from './trace.js';
import { traces } from './traces.js';

const views = { resources, logs, traces, trace, metrics };
const main = document.getElementById('main');
const title = document.title;
let leave = new AbortController();

function show(first) {
  leave.abort();
  leave = new AbortController();
  const [name, ...rest] = location.hash.replace(/^#\/?/, '').split('/');
  const view = Object.hasOwn(views, name) ? name : 'resources';
  for (const link of document.querySelectorAll('nav a')) {
    const current = link.hash === `#/${view}` || (view === 'trace' && link.hash === '#/traces');
    if (current) {
      link.setAttribute('aria-current', 'page');
    } else {
      link.removeAttribute('aria-current');
    }
  }
  main.replaceChildren();
  const heading = h('h1', { tabindex: '-1' });
  main.append(heading);
  views[view]({
    root: main,
    argument: rest.map(decodeURIComponent).join('/'),
    signal: leave.signal,
    heading: value => {
      text(heading, value);
      document.title = `${value} – ${title}`;
    },
  });
  if (!first) {
    heading.focus();
  }
}

addEventListener('hashchange', () => {
  // The skip link's target is no view.
  if (location.hash !== '#main') {
    show(false);
  }
});

const themes = ['system', 'light', 'dark'];
const button = document.getElementById('theme');
function theme(value) {
  text(button, `Theme: ${value}`);
  if (value === 'system') {
    delete document.documentElement.dataset.theme;
  } else {
    document.documentElement.dataset.theme = value;
  }
}
theme(localStorage.getItem('theme') ?? 'system');
button.addEventListener('click', () => {
  const next = themes[(themes.indexOf(localStorage.getItem('theme') ?? 'system') + 1) % themes.length];
  localStorage.setItem('theme', next);
  theme(next);
});

show(true);
