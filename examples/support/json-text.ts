/** JSON for files that people read and version control compares: short things on one line, long ones spread out. */
const LINE_LENGTH = 120;

export function jsonText(value: unknown): string {
  return `${spread(value, '', 0)}\n`;
}

/** `used`: characters already on the line before the value (its key), and one for the comma after it. */
function spread(value: unknown, indent: string, used: number): string {
  const line = oneLine(value);
  if (value === null || typeof value !== 'object' || indent.length + used + line.length <= LINE_LENGTH) return line;
  const deeper = `${indent}  `;
  if (Array.isArray(value)) {
    const items = value.map((item) => `${deeper}${spread(item, deeper, 1)}`);
    return `[\n${items.join(',\n')}\n${indent}]`;
  }
  const fields = Object.entries(value).map(([key, field]) => {
    const head = `${JSON.stringify(key)}: `;
    return `${deeper}${head}${spread(field, deeper, head.length + 1)}`;
  });
  return `{\n${fields.join(',\n')}\n${indent}}`;
}

function oneLine(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(oneLine).join(', ')}]`;
  if (value === null || typeof value !== 'object') return JSON.stringify(value);
  const fields = Object.entries(value).map(([key, field]) => `${JSON.stringify(key)}: ${oneLine(field)}`);
  return fields.length === 0 ? '{}' : `{ ${fields.join(', ')} }`;
}
