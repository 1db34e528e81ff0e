// Places services in columns by call depth (longest path from a caller nobody calls, cycles cut)
// and orders each column by the mean height of its neighbours, to keep the lines short.
import type { DependencyLink } from '../api/types';

export interface GraphNode {
  name: string;
  column: number;
  x: number;
  y: number;
}

export interface GraphEdge {
  from: GraphNode;
  to: GraphNode;
  calls: number;
}

export interface Graph {
  nodes: GraphNode[];
  edges: GraphEdge[];
  width: number;
  height: number;
}

export const kNodeWidth = 168;
export const kNodeHeight = 30;
const kColumnStep = 250;
const kRowStep = 46;
/** Two sweeps settle small graphs; more move nothing that the eye would see. */
const kSweeps = 4;

export function layoutGraph(links: readonly DependencyLink[]): Graph {
  const real = links.filter((link) => link.parent !== link.child);
  const names = [...new Set(real.flatMap((link) => [link.parent, link.child]))].sort();
  const columns = columnsOf(names, real);
  const byColumn: GraphNode[][] = [];
  const nodes = new Map<string, GraphNode>();
  for (const name of names) {
    const node = { name, column: columns.get(name) ?? 0, x: 0, y: 0 };
    nodes.set(name, node);
    (byColumn[node.column] ??= []).push(node);
  }
  const edges: GraphEdge[] = [];
  for (const link of real) {
    const [from, to] = [nodes.get(link.parent), nodes.get(link.child)];
    if (from && to) edges.push({ from, to, calls: link.callCount });
  }
  place(byColumn);
  for (let sweep = 0; sweep < kSweeps; sweep++) {
    for (const column of byColumn) sortByNeighbours(column ?? [], edges);
    place(byColumn);
  }
  const rows = Math.max(1, ...byColumn.map((column) => column?.length ?? 0));
  return {
    nodes: [...nodes.values()], edges,
    width: (byColumn.length - 1) * kColumnStep + kNodeWidth + 4,
    height: rows * kRowStep,
  };
}

function columnsOf(names: string[], links: readonly DependencyLink[]): Map<string, number> {
  const columns = new Map(names.map((name) => [name, 0]));
  // At most one round per name: a cycle would push its members on for ever.
  for (let round = 0; round < names.length; round++) {
    let hasMoved = false;
    for (const link of links) {
      const wanted = (columns.get(link.parent) ?? 0) + 1;
      const isCycle = wanted >= names.length || reaches(link.child, link.parent, links);
      if ((columns.get(link.child) ?? 0) < wanted && !isCycle) {
        columns.set(link.child, wanted);
        hasMoved = true;
      }
    }
    if (!hasMoved) break;
  }
  return columns;
}

function reaches(from: string, to: string, links: readonly DependencyLink[]): boolean {
  const seen = new Set([from]);
  const open = [from];
  for (let name = open.pop(); name !== undefined; name = open.pop()) {
    if (name === to) return true;
    for (const link of links) {
      if (link.parent === name && !seen.has(link.child)) {
        seen.add(link.child);
        open.push(link.child);
      }
    }
  }
  return false;
}

function place(byColumn: GraphNode[][]): void {
  const rows = Math.max(1, ...byColumn.map((column) => column?.length ?? 0));
  byColumn.forEach((column, k) => {
    const top = ((rows - column.length) * kRowStep) / 2;
    column.forEach((node, r) => {
      node.x = k * kColumnStep + 2;
      node.y = top + r * kRowStep + (kRowStep - kNodeHeight) / 2;
    });
  });
}

function sortByNeighbours(column: GraphNode[], edges: GraphEdge[]): void {
  const mean = (node: GraphNode) => {
    const near = edges
      .filter((edge) => edge.from === node || edge.to === node)
      .map((edge) => (edge.from === node ? edge.to.y : edge.from.y));
    return near.length > 0 ? near.reduce((sum, y) => sum + y, 0) / near.length : node.y;
  };
  const order = new Map(column.map((node) => [node, mean(node)]));
  column.sort((a, b) => (order.get(a) ?? 0) - (order.get(b) ?? 0));
}
