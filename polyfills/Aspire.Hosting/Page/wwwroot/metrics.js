import { every, getJson, h, svg } from './dom.js';
import { duration, number } from './format.js';

export function metrics({ root, heading, signal }) {
  heading('Metrics');
  const cards = h('div', { class: 'cards' });
  const filter = h('input', { type: 'search', value: '', oninput: () => loadValues() });
  const values = h('tbody');
  root.append(
    h('p', { class: 'summary' }, 'Requests served and messages consumed by each service in the last 15 minutes.'),
    cards,
    h('h2', {}, 'Latest values'),
    h('div', { class: 'tools' }, h('label', {}, 'Service, meter or name', filter)),
    h('div', { class: 'sheet', tabindex: '0', role: 'region', 'aria-label': 'Latest values' }, h('table', {},
      h('thead', {}, h('tr', {}, ['Service', 'Name', 'Labels', 'Value'].map(name => h('th', { scope: 'col', class: name === 'Value' ? 'number' : null }, name)))),
      values)));

  const open = new Set();
  async function load() {
    const services = await getJson('/api/metrics/red');
    if (signal.aborted || cards.contains(document.activeElement)) {
      return;
    }
    cards.replaceChildren(...services.length === 0
      ? [h('p', { class: 'card empty' }, 'Nothing was measured yet.')]
      : services.map(service => card(service, open)));
  }
  async function loadValues() {
    const list = await getJson(`/api/metrics/values?${new URLSearchParams({ text: filter.value })}`);
    values.replaceChildren(...list.map(value => h('tr', {},
      h('td', {}, value.service),
      h('th', { scope: 'row' }, value.name, h('span', { class: 'detail' }, value.meter)),
      h('td', {}, h('code', {}, value.labels)),
      h('td', { class: 'number' }, `${value.value}${value.unit && !value.unit.startsWith('{') ? ` ${value.unit}` : ''}`))));
  }
  every(5000, async () => {
    await load();
    await loadValues();
  }, signal);
}

function card(service, open) {
  const last = service.points.at(-2) ?? service.points.at(-1);
  const errorShare = service.count ? service.errors / service.count * 100 : 0;
  const operations = h('details', {
    open: open.has(service.service),
    ontoggle: () => operations.open ? open.add(service.service) : open.delete(service.service),
  },
  h('summary', {}, 'Operations'),
  h('div', { class: 'sheet', tabindex: '0', role: 'region', 'aria-label': `Operations of ${service.service}` }, h('table', {},
    h('thead', {}, h('tr', {}, ['Operation', 'Count', 'Errors', 'p50', 'p95', 'p99'].map((name, i) => h('th', { scope: 'col', class: i ? 'number' : null }, name)))),
    h('tbody', {}, service.operations.map(operation => h('tr', {},
      h('th', { scope: 'row' }, operation.operation),
      h('td', { class: 'number' }, String(operation.count)),
      h('td', { class: `number${operation.errors ? ' bad-text' : ''}` }, String(operation.errors)),
      [operation.p50, operation.p95, operation.p99].map(value => h('td', { class: 'number' }, duration(value)))))))));
  const heading = `red-${service.service}`;
  return h('section', { class: 'card', 'aria-labelledby': heading },
    h('div', { class: 'head' },
      h('h2', { id: heading }, service.service),
      h('p', {}, `${service.count} handled · ${errorShare.toFixed(errorShare && errorShare < 10 ? 1 : 0)} % errors · p50 ${duration(service.p50)} · p95 ${duration(service.p95)} · p99 ${duration(service.p99)}`)),
    h('div', { class: 'charts' },
      chart(service.service, 'Rate', [['per second', 'l1', service.points.map(point => point.rate)]], value => `${number(value)}/s`, last.rate),
      chart(service.service, 'Errors', [['per second', 'le', service.points.map(point => point.errors)]], value => `${number(value)}/s`, last.errors),
      chart(service.service, 'Duration', [
        ['p50', 'l1', service.points.map(point => point.p50)],
        ['p95', 'l2', service.points.map(point => point.p95)],
        ['p99', 'l3', service.points.map(point => point.p99)],
      ], duration, last.p99)),
    operations);
}

function chart(service, name, series, format, now) {
  const width = 300;
  const height = 80;
  const highest = Math.max(...series.flatMap(([, , values]) => values), 0);
  const top = highest || 1;
  const path = values => values
    .map((value, i) => `${i ? 'L' : 'M'}${(i / (values.length - 1) * width).toFixed(1)} ${(height - value / top * (height - 4)).toFixed(1)}`)
    .join('');
  const image = svg('svg', {
    class: 'chart', viewBox: `0 0 ${width} ${height}`, preserveAspectRatio: 'none', role: 'img',
    'aria-label': `${name} of ${service}: now ${format(now)}, highest ${format(highest)} in 15 minutes`,
  },
  svg('path', { class: 'grid', d: `M0 ${height}H${width}M0 4H${width}` }),
  ...series.map(([, style, values]) => svg('path', { class: `line ${style}`, d: path(values) })));
  const legend = series.length < 2 ? [] : series.map(([label, style]) => h('span', { class: 'key' },
    svg('svg', { viewBox: '0 0 24 8', 'aria-hidden': 'true' }, svg('path', { class: `line ${style}`, d: 'M0 4H24' })), label));
  return h('figure', {}, h('figcaption', {}, h('b', {}, name), legend, `highest ${format(highest)}`), image);
}
