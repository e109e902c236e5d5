import { getJson, h, listen } from './dom.js';

const kept = 2000;
const levels = ['debug', 'information', 'warning', 'error'];

export async function logs({ root, heading, argument, signal }) {
  heading('Logs');
  const list = await getJson('/api/resources');
  if (signal.aborted) {
    return;
  }
  const id = argument || list.find(resource => resource.type === 'Project')?.id || list[0]?.id;
  if (!id) {
    root.append(h('p', { class: 'empty' }, 'There are no resources.'));
    return;
  }

  heading(`Logs of ${id}`);
  const resource = h('select', { onchange: () => { location.hash = `#/logs/${encodeURIComponent(resource.value)}`; } },
    list.map(each => h('option', { value: each.id, selected: each.id === id }, each.id)));
  const level = h('select', { onchange: () => refill() },
    levels.map(name => h('option', { value: name, selected: name === 'information' }, name)));
  const filter = h('input', { type: 'search', oninput: () => refill() });
  const follow = h('input', { type: 'checkbox', checked: true });
  const log = h('div', { class: 'log', role: 'log', 'aria-live': 'off', 'aria-label': `Output of ${id}`, tabindex: '0' });
  root.append(
    h('div', { class: 'tools' },
      h('label', {}, 'Resource', resource),
      h('label', {}, 'Level from', level),
      h('label', {}, 'Containing', filter),
      h('label', {}, follow, 'Follow')),
    log);

  const lines = [];
  const wanted = line => levels.indexOf(line.level) >= levels.indexOf(level.value)
    && line.text.toLowerCase().includes(filter.value.toLowerCase());
  const element = line => h('div', { class: line.level }, line.text || ' ');
  const refill = () => {
    log.replaceChildren(...lines.filter(wanted).map(element));
    log.scrollTop = log.scrollHeight;
  };
  const source = listen(`/api/resources/${encodeURIComponent(id)}/logs`, batch => {
    lines.push(...batch);
    lines.splice(0, Math.max(0, lines.length - kept));
    log.append(...batch.filter(wanted).map(element));
    while (log.childElementCount > kept) {
      log.firstElementChild.remove();
    }
    if (follow.checked) {
      log.scrollTop = log.scrollHeight;
    }
  }, signal);
  // A new connection sends what is kept once more.
  source?.addEventListener('open', () => {
    lines.length = 0;
    log.replaceChildren();
  });
}
