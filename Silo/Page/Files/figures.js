// Numbers for people, as the console shows them.

/** 45s, 3m12s, 2h05m, 3d04h; a dash for the unknown. */
export function duration(seconds) {
  if (seconds === null || seconds === undefined || !Number.isFinite(seconds)) return '–';
  const s = Math.max(0, Math.floor(seconds)), two = n => String(n).padStart(2, '0');
  if (s < 60) return `${s}s`;
  if (s < 3600) return `${Math.floor(s / 60)}m${two(s % 60)}s`;
  if (s < 86400) return `${Math.floor(s / 3600)}h${two(Math.floor(s / 60) % 60)}m`;
  return `${Math.floor(s / 86400)}d${two(Math.floor(s / 3600) % 24)}h`;
}

/** Rounded down, so that 100% means done. */
export function percent(part) {
  return part === null || part === undefined ? '–' : `${Math.floor(part * 100 + 1e-9)}%`;
}

export function measure(value, digits = 3) {
  return value === null || value === undefined || !Number.isFinite(value) ? '–' : value.toFixed(digits);
}

/** 4.19 M, 812. */
export function scaled(value) {
  if (value === null || value === undefined || !(value > 0)) return '–';
  const [scale, unit] = value >= 1e12 ? [1e12, ' T'] : value >= 1e9 ? [1e9, ' G'] : value >= 1e6 ? [1e6, ' M'] : value >= 1e4 ? [1e3, ' K'] : [1, ''];
  const number = value / scale;
  return (number >= 100 ? number.toFixed(0) : number >= 10 ? number.toFixed(1) : number.toFixed(2)).replace(/\.?0+$/, match => match.includes('.') ? '' : match) + unit;
}

export function steps(value) {
  return value.toLocaleString('en-US');
}

export function clock(iso) {
  return new Date(iso).toLocaleTimeString('en-GB');
}
