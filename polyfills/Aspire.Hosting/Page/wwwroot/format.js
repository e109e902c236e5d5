export function duration(milliseconds) {
  if (milliseconds < 1) {
    return `${(milliseconds * 1000).toFixed(0)} µs`;
  }
  if (milliseconds < 1000) {
    return `${milliseconds.toFixed(milliseconds < 10 ? 1 : 0)} ms`;
  }
  return milliseconds < 60_000 ? `${(milliseconds / 1000).toFixed(2)} s` : uptime(milliseconds / 1000);
}

export function uptime(seconds) {
  const s = Math.floor(seconds);
  const parts = [[86400, 'd'], [3600, 'h'], [60, 'min'], [1, 's']];
  const first = parts.findIndex(([size]) => s >= size);
  if (first === -1) {
    return '0 s';
  }
  let rest = s;
  return parts.slice(first, first + 2).map(([size, unit]) => {
    const count = Math.floor(rest / size);
    rest %= size;
    return `${count} ${unit}`;
  }).join(' ');
}

export function bytes(count) {
  return count < 1e9 ? `${(count / 1048576).toFixed(0)} MB` : `${(count / 1073741824).toFixed(2)} GB`;
}

export function number(value) {
  if (value === 0) {
    return '0';
  }
  return value < 10 ? value.toFixed(1) : value.toFixed(0);
}

export function clock(nanoseconds) {
  const date = new Date(nanoseconds / 1e6);
  return `${date.toLocaleTimeString('en-GB')}.${String(date.getMilliseconds()).padStart(3, '0')}`;
}

// The same service has the same colour in every view, however many came before it.
const known = new Map();
export function swatch(service) {
  if (!known.has(service)) {
    known.set(service, known.size % 8);
  }
  return `s${known.get(service)}`;
}
