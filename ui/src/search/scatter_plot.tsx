// Traces as points: when they started, how long they took (log), how many spans (size), whether
// they have errors (red diamonds). A click opens a trace; a drag asks for the traces inside.
import { useEffect, useRef, useState } from 'react';
import uPlot from 'uplot';
import { formatDuration, formatTime, plural } from '../format/format';
import { ServiceDot } from '../shell/bits';
import { navigate } from '../shell/router';
import type { ThemeName } from '../theme/palette';
import { canvasLooks } from '../theme/service_canvas';
import { useThemeName } from '../theme/theme';
import { logSplits, timeLabels, timeSplits } from './plot_axes';
import type { Zoom } from './search_state';
import type { TraceSummary } from './summary';

/** Pixels from a point within which the pointer means it. */
const kReach = 14;

interface Hover {
  trace: TraceSummary;
  x: number;
  y: number;
}

interface Wiring {
  traces: TraceSummary[];
  zoom: Zoom | null;
  onHover: (hover: Hover | null) => void;
  onZoom: (zoom: Zoom) => void;
}

export function ScatterPlot({ traces, zoom, onZoom }: {
  traces: TraceSummary[]; zoom: Zoom | null; onZoom: (zoom: Zoom) => void;
}) {
  const host = useRef<HTMLDivElement>(null);
  const theme = useThemeName();
  const [hover, setHover] = useState<Hover | null>(null);
  const zoomTo = useRef(onZoom);
  useEffect(() => { zoomTo.current = onZoom; }, [onZoom]);
  useEffect(() => {
    const element = host.current;
    if (!element) return undefined;
    const sorted = [...traces].sort((a, b) => a.startUs - b.startUs);
    const wiring: Wiring = {
      traces: sorted, zoom, onHover: setHover, onZoom: (next) => zoomTo.current(next),
    };
    const plot = new uPlot(plotOptions(element, theme, wiring), plotData(sorted), element);
    const observer = new ResizeObserver(() => {
      plot.setSize({ width: element.clientWidth, height: element.clientHeight });
    });
    observer.observe(element);
    return () => {
      observer.disconnect();
      plot.destroy();
      setHover(null);
    };
  }, [traces, zoom, theme]);
  const failed = traces.filter((trace) => trace.errors > 0).length;
  return (
    <div className="scatter">
      <div ref={host} className="scatter-plot" role="img" aria-label={
        `Durations of ${plural(traces.length, 'trace')} over time, ${failed} with errors. ` +
        'The list below has the same traces.'} />
      {hover && <Tooltip hover={hover} />}
    </div>
  );
}

function Tooltip({ hover }: { hover: Hover }) {
  const { trace, x, y } = hover;
  const style = { left: x, top: y, transform: `translate(${x > 500 ? '-105%' : '14px'}, -50%)` };
  return (
    <div className="tooltip" style={style}>
      <strong><ServiceDot name={trace.rootService} /> {trace.rootName}</strong>
      <span>{trace.rootService}</span>
      <span>
        <b>{formatDuration(trace.durationUs)}</b> · {plural(trace.spans, 'span')}
        {trace.errors > 0 && <em> · {plural(trace.errors, 'error')}</em>}
      </span>
      <span>{formatTime(trace.startUs)}</span>
    </div>
  );
}

function plotData(traces: TraceSummary[]): uPlot.AlignedData {
  return [
    traces.map((trace) => trace.startUs / 1000),
    traces.map((trace) => Math.max(1, trace.durationUs)),
  ];
}

function paddedRange(traces: TraceSummary[], zoom: Zoom | null) {
  let [fromUs, toUs, minUs, maxUs] = [Infinity, -Infinity, Infinity, -Infinity];
  for (const trace of traces) {
    fromUs = Math.min(fromUs, trace.startUs);
    toUs = Math.max(toUs, trace.startUs);
    minUs = Math.min(minUs, Math.max(1, trace.durationUs));
    maxUs = Math.max(maxUs, Math.max(1, trace.durationUs));
  }
  if (zoom) [fromUs, toUs, minUs, maxUs] = [zoom.fromUs, zoom.toUs, zoom.minUs, zoom.maxUs];
  // A lone point, or points of one instant, still need an axis around them.
  const pad = Math.max((toUs - fromUs) * 0.02, 500_000);
  return {
    x: [(fromUs - pad) / 1000, (toUs + pad) / 1000] as [number, number],
    y: [Math.max(0.5, minUs / 2), maxUs * 3] as [number, number],
  };
}

function plotOptions(element: HTMLElement, theme: ThemeName, wiring: Wiring): uPlot.Options {
  const style = getComputedStyle(element);
  const color = (token: string) => style.getPropertyValue(token).trim();
  const range = paddedRange(wiring.traces, wiring.zoom);
  const axis = {
    stroke: color('--text-3'), font: `11px ${color('--font-ui')}`,
    grid: { stroke: color('--line'), width: 1 }, ticks: { show: false },
  };
  return {
    width: element.clientWidth, height: element.clientHeight, ms: 1,
    legend: { show: false },
    scales: { x: { time: true, range: range.x }, y: { distr: 3, range: range.y } },
    axes: [
      { ...axis, space: 90, size: 28, 
        splits: (_, __, min, max) => timeSplits(min, max, element.clientWidth / 90),
        values: (_, splits) => timeLabels(splits) },
      { ...axis, size: 64, splits: (_, __, min, max) => logSplits(min, max),
        filter: (_, splits) => splits,
        values: (_, splits) => splits.map((us) => formatDuration(us)) },
    ],
    series: [{}, { paths: () => null, points: { show: false } }],
    cursor: {
      points: { show: false }, x: false, y: false,
      drag: { x: true, y: true, setScale: false, uni: 10 },
    },
    hooks: {
      draw: [(plot) => {
        drawPoints(plot, wiring.traces, theme, color('--error'), color('--surface'));
      }],
      setCursor: [(plot) => wiring.onHover(pointAt(plot, wiring.traces))],
      setSelect: [(plot) => select(plot, wiring)],
      ready: [(plot) => openOnClick(plot, wiring.traces)],
    },
  };
}

export function pointRadius(spans: number): number {
  return Math.min(13, 3 + 1.35 * Math.log2(1 + spans / 4));
}

function drawPoints(
  plot: uPlot, traces: TraceSummary[], theme: ThemeName, error: string, surface: string,
): void {
  const ctx = plot.ctx;
  const looks = canvasLooks(ctx, theme, 2 * devicePixelRatio);
  ctx.save();
  ctx.beginPath();
  ctx.rect(plot.bbox.left, plot.bbox.top, plot.bbox.width, plot.bbox.height);
  ctx.clip();
  // Errors last, so that nothing hides them.
  for (const trace of [...traces].sort((a, b) => Number(a.errors > 0) - Number(b.errors > 0))) {
    const x = plot.valToPos(trace.startUs / 1000, 'x', true);
    const y = plot.valToPos(Math.max(1, trace.durationUs), 'y', true);
    const radius = pointRadius(trace.spans) * devicePixelRatio;
    ctx.beginPath();
    if (trace.errors > 0) {
      const r = radius * 1.2;
      ctx.moveTo(x, y - r);
      ctx.lineTo(x + r, y);
      ctx.lineTo(x, y + r);
      ctx.lineTo(x - r, y);
      ctx.closePath();
    } else {
      ctx.arc(x, y, radius, 0, 2 * Math.PI);
    }
    ctx.globalAlpha = 0.78;
    const look = trace.errors > 0 ? { fill: error, rim: null } : looks(trace.rootService);
    ctx.fillStyle = look.fill;
    ctx.fill();
    ctx.globalAlpha = 1;
    ctx.strokeStyle = look.rim ?? surface;
    ctx.lineWidth = (look.rim === null ? 1 : 2) * devicePixelRatio;
    ctx.stroke();
  }
  ctx.restore();
}

function pointAt(plot: uPlot, traces: TraceSummary[]): Hover | null {
  const { left = -1, top = -1 } = plot.cursor;
  if (left < 0 || top < 0) return null;
  let best: Hover | null = null;
  let bestDistance = Infinity;
  for (const trace of traces) {
    const x = plot.valToPos(trace.startUs / 1000, 'x');
    const y = plot.valToPos(Math.max(1, trace.durationUs), 'y');
    const distance = Math.hypot(x - left, y - top);
    if (distance > Math.max(kReach, pointRadius(trace.spans)) || distance >= bestDistance) continue;
    bestDistance = distance;
    best = { trace, x: x + plot.over.offsetLeft, y: y + plot.over.offsetTop };
  }
  plot.over.style.cursor = best ? 'pointer' : 'crosshair';
  return best;
}

function select(plot: uPlot, wiring: Wiring): void {
  const { left, top, width, height } = plot.select;
  if (width < 4 && height < 4) return;
  const whole = paddedRange(wiring.traces, wiring.zoom);
  const from = width > 0 ? plot.posToVal(left, 'x') : whole.x[0];
  const to = width > 0 ? plot.posToVal(left + width, 'x') : whole.x[1];
  wiring.onZoom({
    fromUs: from * 1000, toUs: to * 1000,
    minUs: plot.posToVal(top + height, 'y'), maxUs: plot.posToVal(top, 'y'),
  });
  plot.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
}

function openOnClick(plot: uPlot, traces: TraceSummary[]): void {
  let down = { x: 0, y: 0 };
  plot.over.addEventListener('mousedown', (event) => {
    down = { x: event.clientX, y: event.clientY };
  });
  plot.over.addEventListener('click', (event) => {
    if (Math.hypot(event.clientX - down.x, event.clientY - down.y) > 4) return;
    const hit = pointAt(plot, traces);
    if (hit) navigate(`/trace/${hit.trace.traceId}`);
  });
}
