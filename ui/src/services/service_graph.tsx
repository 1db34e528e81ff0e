// The call graph as SVG: line width grows with the number of calls; hovering a service shows its
// own lines only. The table below has the same facts as text.
import { useMemo, useState } from 'react';
import type { DependencyLink } from '../api/types';
import { formatCount } from '../format/format';
import { searchHref } from '../search/search_state';
import { navigate } from '../shell/router';
import { serviceColors } from '../theme/service_colors';
import {
  kNodeHeight, kNodeWidth, layoutGraph, type GraphEdge, type GraphNode,
} from './graph_layout';

/** Past this a picture says less than the table. */
const kNodesShown = 150;
/** With more lines their counts overlap; hovering a service shows its own. */
const kCountsShown = 14;

export function ServiceGraph({ links }: { links: DependencyLink[] }) {
  const graph = useMemo(() => layoutGraph(links), [links]);
  const [near, setNear] = useState<string | null>(null);
  if (graph.nodes.length > kNodesShown) {
    return <p className="field-hint">{graph.nodes.length} services call each other: too many to
      draw; the table has them all.</p>;
  }
  const most = Math.max(1, ...graph.edges.map((edge) => edge.calls));
  const isDim = (edge: GraphEdge) =>
    near !== null && edge.from.name !== near && edge.to.name !== near;
  return (
    <div className="service-graph" tabIndex={0} role="group" aria-label="Call graph">
      <svg width={graph.width} height={graph.height}>
        {graph.edges.map((edge) => (
          <g key={`${edge.from.name}\n${edge.to.name}`} className={isDim(edge) ? 'dim' : ''}>
            <path className="edge" d={edgePath(edge)}
              strokeWidth={1 + 3.5 * (Math.log1p(edge.calls) / Math.log1p(most))}>
              <title>{`${edge.from.name} calls ${edge.to.name}: ${formatCount(edge.calls)}`}</title>
            </path>
            {(near === null ? graph.edges.length <= kCountsShown : !isDim(edge)) && (
              <text className="edge-count" x={(edge.from.x + kNodeWidth + edge.to.x) / 2}
                y={(edge.from.y + edge.to.y + kNodeHeight) / 2 - 5}>{formatCount(edge.calls)}</text>
            )}
          </g>
        ))}
        {graph.nodes.map((node) => <Node key={node.name} node={node} onNear={setNear} />)}
      </svg>
    </div>
  );
}

function Node({ node, onNear }: { node: GraphNode; onNear: (name: string | null) => void }) {
  const href = searchHref({ service: node.name });
  const name = node.name.length > 23 ? node.name.slice(0, 22) + '…' : node.name;
  return (
    <a href={href} className="graph-node"
      onMouseEnter={() => onNear(node.name)} onMouseLeave={() => onNear(null)}
      onFocus={() => onNear(node.name)} onBlur={() => onNear(null)}
      onClick={(event) => {
        if (event.ctrlKey || event.metaKey || event.shiftKey) return;
        event.preventDefault();
        navigate(href);
      }}>
      <g transform={`translate(${node.x} ${node.y})`}>
      <title>{`Traces of ${node.name}`}</title>
      <rect className="node-box" width={kNodeWidth} height={kNodeHeight} rx="5" />
      <foreignObject x="9" y={kNodeHeight / 2 - 5} width="10" height="10">
        <div className="node-mark service-fill" {...serviceColors.fill(node.name)} />
      </foreignObject>
      <text x="26" y={kNodeHeight / 2 + 4}>{name}</text>
      </g>
    </a>
  );
}

/** Forward calls curve from right to left edge; backward ones go around below. */
function edgePath({ from, to }: GraphEdge): string {
  const y1 = from.y + kNodeHeight / 2;
  const y2 = to.y + kNodeHeight / 2;
  if (to.column > from.column) {
    const x1 = from.x + kNodeWidth;
    const bend = (to.x - x1) / 2;
    return `M${x1} ${y1}C${x1 + bend} ${y1} ${to.x - bend} ${y2} ${to.x} ${y2}`;
  }
  const x1 = from.x + kNodeWidth / 2;
  const x2 = to.x + kNodeWidth / 2;
  const low = Math.max(from.y, to.y) + kNodeHeight + 14;
  return `M${x1} ${from.y + kNodeHeight}C${x1} ${low} ${x2} ${low} ${x2} ${to.y + kNodeHeight}`;
}
