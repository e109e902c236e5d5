import { every, getJson, h } from './dom.js';
import { clock, duration, swatch } from './format.js';

export function traces({ root, heading, signal }) {
  heading('Traces');
  const service = h('select', { onchange: () => load() }, h('option', { value: '' }, 'all services'));
  const text = h('input', { type: 'search', oninput: () => load() });
  const errors = h('input', { type: 'checkbox', onchange: () => load() });
  const body = h('tbody');
  const empty = h('p', { class: 'empty' }, 'No trace yet. Services send them as soon as they do something.');
  root.append(
    h('div', { class: 'tools' },
      h('label', {}, 'Service', service),
      h('label', {}, 'Name or trace id', text),
      h('label', {}, errors, 'Only with errors')),
    h('div', { class: 'sheet' },
      h('table', {},
        h('thead', {}, h('tr', {},
          h('th', { scope: 'col' }, 'Started'),
          h('th', { scope: 'col' }, 'Name'),
          h('th', { scope: 'col' }, 'Services and their spans'),
          h('th', { scope: 'col', class: 'number' }, 'Errors'),
          h('th', { scope: 'col', class: 'number' }, 'Duration'))),
        body),
      empty));

  let shown = '';
  async function load() {
    const query = new URLSearchParams({ service: service.value, text: text.value, errors: errors.checked });
    const list = await getJson(`/api/traces?${query}`);
    for (const name of list.flatMap(trace => trace.services.map(each => each.service)).toSorted()) {
      if (![...service.options].some(option => option.value === name)) {
        service.append(h('option', { value: name }, name));
      }
    }
    // Untouched when nothing is new: a row that is replaced loses the focus.
    const now = JSON.stringify(list);
    if (now === shown || signal.aborted) {
      return;
    }
    shown = now;
    const focused = document.activeElement?.closest?.('a[href^="#/trace/"]')?.getAttribute('href');
    empty.hidden = list.length > 0;
    body.replaceChildren(...list.map(trace => h('tr', {},
      h('td', { class: 'number' }, clock(trace.startNanoseconds)),
      h('th', { scope: 'row' }, h('a', { href: `#/trace/${trace.traceId}` }, `${trace.service}: ${trace.name}`), h('span', { class: 'detail' }, trace.traceId)),
      h('td', {}, h('ul', { class: 'chips' }, trace.services.map(each => h('li', {},
        h('span', { class: `swatch ${swatch(each.service)}`, 'aria-hidden': 'true' }), `${each.service} ${each.spans}`)))),
      h('td', { class: `number${trace.errors ? ' bad-text' : ''}` }, String(trace.errors)),
      h('td', { class: 'number' }, duration(trace.durationNanoseconds / 1e6)))));
    if (focused) {
      body.querySelector(`a[href="${focused}"]`)?.focus();
    }
  }
  every(2000, load, signal);
}
