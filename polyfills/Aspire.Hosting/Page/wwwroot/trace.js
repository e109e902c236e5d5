import { getJson, h } from './dom.js';
import { duration, swatch } from './format.js';

export async function trace({ root, heading, argument, signal }) {
  heading('Trace');
  let view;
  try {
    view = await getJson(`/api/traces/${encodeURIComponent(argument)}`);
  } catch {
    root.append(h('p', { class: 'empty' }, `The trace ${argument} is not among the last ones that are kept.`));
    return;
  }
  if (signal.aborted) {
    return;
  }

  const services = [...new Set(view.spans.map(span => span.service))];
  heading(`Trace: ${view.spans[0].name}`);
  const body = h('tbody', {}, view.spans.flatMap((span, index) => rows(span, index, view.duration)));
  root.append(
    h('p', { class: 'summary' }, `${view.traceId} · ${view.spans.length} spans · ${services.length} services · ${duration(view.duration)}`),
    h('ul', { class: 'chips tools', 'aria-label': 'Services' }, services.map(service => h('li', {},
      h('span', { class: `swatch ${swatch(service)}`, 'aria-hidden': 'true' }), service))),
    h('div', { class: 'sheet', tabindex: '0', role: 'region', 'aria-label': 'Waterfall' }, h('table', { class: 'waterfall' },
      h('thead', {}, h('tr', {},
        h('th', { scope: 'col', class: 'what' }, 'Service and span'),
        h('th', { scope: 'col' }, h('span', { class: 'visually-hidden' }, 'Time line'), axis(view.duration)),
        h('th', { scope: 'col', class: 'took number' }, 'Duration'))),
      body)));

  // Up and down move from span to span, as in a list; Enter opens one.
  body.addEventListener('keydown', event => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    const buttons = [...body.querySelectorAll('.span')];
    const at = buttons.indexOf(document.activeElement);
    if (step && at >= 0) {
      event.preventDefault();
      buttons[at + step]?.focus();
    }
  });
}

function axis(total) {
  return h('span', { class: 'axis', 'aria-hidden': 'true' }, [0, .25, .5, .75, 1].map(part => h('span', {}, duration(total * part))));
}

function rows(span, index, total) {
  const more = `span-${index}`;
  const detail = h('tr', { class: 'more', id: more, hidden: true });
  const button = h('button', {
    type: 'button', class: 'span', 'aria-expanded': 'false', 'aria-controls': more,
    onclick: () => {
      if (!detail.hasChildNodes()) {
        detail.append(h('td', { colspan: '3' }, details(span)));
      }
      detail.hidden = !detail.hidden;
      button.setAttribute('aria-expanded', String(!detail.hidden));
    },
  },
  h('span', { class: `swatch ${swatch(span.service)}`, 'aria-hidden': 'true' }),
  h('strong', {}, span.service),
  h('span', {}, `${span.name}${span.error ? ' – failed' : ''}`));
  button.style.paddingInlineStart = `${Math.min(span.depth, 24) * .9 + .15}rem`;

  const bar = h('div', { class: `bar ${swatch(span.service)}` });
  bar.style.insetInlineStart = `${total ? span.start / total * 100 : 0}%`;
  bar.style.width = `${total ? Math.max(span.duration / total * 100, .1) : 100}%`;
  return [
    h('tr', { class: span.error ? 'failed' : null },
      h('th', { scope: 'row', class: 'what' }, button),
      h('td', {}, h('div', { class: 'track', 'aria-hidden': 'true' }, bar)),
      h('td', { class: 'number' }, duration(span.duration))),
    detail,
  ];
}

function details(span) {
  const facts = {
    kind: span.kind,
    starts: `${duration(span.start)} after the first`,
    instance: span.instance,
    source: span.scope,
    ...(span.message ? { message: span.message } : {}),
    ...span.attributes,
  };
  return h('div', {},
    list(facts),
    span.events.map(event => h('div', {}, h('strong', {}, `${event.name} at ${duration(event.at)}`), list(event.attributes))),
    span.linkedTraces.map(id => h('p', {}, h('a', { href: `#/trace/${id}` }, `linked trace ${id}`))));
}

function list(facts) {
  return h('dl', {}, Object.entries(facts).flatMap(([name, value]) => [h('dt', {}, name), h('dd', {}, value)]));
}
