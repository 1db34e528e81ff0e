import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { kNodeHeight, layoutGraph } from './graph_layout';
import { serviceRows } from './service_rows';

const link = (parent: string, child: string, callCount = 1) => ({ parent, child, callCount });
const anyLinks = fc.array(fc.record({
  parent: fc.constantFrom(...'abcdefgh'), child: fc.constantFrom(...'abcdefgh'),
  callCount: fc.nat(1000) }), { maxLength: 25 });

describe('call graph', () => {
  it('puts callees right of their callers', () => {
    const { nodes } = layoutGraph([link('a', 'b'), link('b', 'c'), link('a', 'c')]);
    expect(nodes.map((node) => `${node.name}${node.column}`)).toEqual(['a0', 'b1', 'c2']);
  });

  it('places any graph, cycles included, without overlaps', () => {
    fc.assert(fc.property(anyLinks, (links) => {
      const { nodes, edges, width, height } = layoutGraph(links);
      expect(edges.length).toBe(links.filter((l) => l.parent !== l.child).length);
      for (const node of nodes) {
        expect(node.x).toBeLessThan(width);
        expect(node.y + kNodeHeight).toBeLessThanOrEqual(height);
        for (const other of nodes) {
          const isSame = other === node || other.column !== node.column;
          expect(isSame || Math.abs(other.y - node.y) >= kNodeHeight).toBe(true);
        }
      }
    }));
  });
});

describe('service table', () => {
  it('counts calls both ways and names both sides once', () => {
    const rows = serviceRows(['a', 'lone'], [link('a', 'b', 3), link('a', 'b', 2), link('b', 'b', 9)]);
    expect(rows).toEqual([
      { name: 'a', callsIn: 0, callsOut: 5, callers: [], callees: ['b'] },
      { name: 'b', callsIn: 14, callsOut: 9, callers: ['a'], callees: [] },
      { name: 'lone', callsIn: 0, callsOut: 0, callers: [], callees: [] },
    ]);
  });
});
