// The rows of the services table.
import type { DependencyLink } from '../api/types';

export interface ServiceRow {
  name: string;
  callsIn: number;
  callsOut: number;
  callers: string[];
  callees: string[];
}

export function serviceRows(
  names: readonly string[], links: readonly DependencyLink[],
): ServiceRow[] {
  const rows = new Map<string, ServiceRow>();
  const row = (name: string) => {
    const found = rows.get(name) ?? { name, callsIn: 0, callsOut: 0, callers: [], callees: [] };
    rows.set(name, found);
    return found;
  };
  names.forEach(row);
  for (const link of links) {
    const [from, to] = [row(link.parent), row(link.child)];
    from.callsOut += link.callCount;
    to.callsIn += link.callCount;
    if (link.parent === link.child) continue;
    if (!from.callees.includes(link.child)) from.callees.push(link.child);
    if (!to.callers.includes(link.parent)) to.callers.push(link.parent);
  }
  return [...rows.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
}
