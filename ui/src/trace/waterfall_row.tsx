// One row: tree, name, bar. Rendered again only when its own properties change.
import { memo, type Dispatch } from 'react';
import { formatCount, formatDuration } from '../format/format';
import { Icon } from '../shell/icons';
import { serviceColors } from '../theme/service_colors';
import { eventPath, linePath } from './bar_paths';
import {
  kErrorBelow, kGenAi, kHasError, kHasWarning, kOrphan, type TraceLayout,
} from './layout';
import { treeGeometry } from './tree_lines';
import type { ViewAction } from './view_state';

interface RowProps {
  layout: TraceLayout;
  row: number;
  position: number;
  fromUs: number;
  toUs: number;
  nameWidth: number;
  isSelected: boolean;
  isMatch: boolean;
  isCollapsed: boolean;
  showCritical: boolean;
  dispatch: Dispatch<ViewAction>;
}

export const WaterfallRow = memo(function WaterfallRow(props: RowProps) {
  const { layout, row, position, isSelected, isMatch, isCollapsed, dispatch } = props;
  const flags = layout.flags[row] ?? 0;
  const hasChildren = (layout.childCount[row] ?? 0) > 0;
  const classes = ['row', isSelected && 'row-selected', isMatch && 'row-match',
    (flags & kHasError) !== 0 && 'row-error', position % 2 === 1 && 'row-odd'];
  return (
    <div id={`row-${row}`} role="row" className={classes.filter(Boolean).join(' ')}
      aria-level={(layout.depth[row] ?? 0) + 1} aria-rowindex={position + 1}
      aria-selected={isSelected} aria-expanded={hasChildren ? !isCollapsed : undefined}
      style={{ transform: `translateY(${position * 26}px)` }}
      onClick={() => dispatch({ type: 'select', row, open: true })}>
      <NameCell {...props} flags={flags} hasChildren={hasChildren} />
      <TimeCell {...props} flags={flags} />
    </div>
  );
});

function NameCell({ layout, row, nameWidth, isCollapsed, flags, hasChildren, dispatch }:
  RowProps & { flags: number; hasChildren: boolean }) {
  const service = layout.service[row] ?? 0;
  const parent = layout.parent[row] ?? -1;
  const serviceName = layout.services[service] ?? '';
  const isNewService = parent < 0 || layout.service[parent] !== service;
  const tree = treeGeometry(layout, row, nameWidth, isCollapsed);
  const hidden = (layout.subtreeEnd[row] ?? 0) - row - 1;
  const name = layout.names[layout.name[row] ?? 0] ?? '';
  return (
    <div role="gridcell" className="row-name" title={`${serviceName}: ${name}`}>
      <svg className="tree" aria-hidden="true"><path d={tree.path} /></svg>
      {hasChildren && (
        <button type="button" className="twistie" tabIndex={-1} style={{ left: tree.x }}
          aria-label={isCollapsed ? 'Unfold' : 'Fold'}
          onClick={(event) => {
            event.stopPropagation();
            dispatch({ type: 'toggle', row });
          }}>
          <Icon name={isCollapsed ? 'right' : 'down'} size={10} />
        </button>
      )}
      <span className="row-label" style={{ marginLeft: tree.x + 18 }}>
        <i className="row-color service-fill" {...serviceColors.fill(serviceName)} />
        {(flags & kHasError) !== 0 && <span className="row-flag-error" title="Error">
          <Icon name="error" size={12} /></span>}
        {isNewService && <span className="row-service">{serviceName}</span>}
        <span className="row-operation">{name}</span>
        {(flags & kGenAi) !== 0 && <span className="row-flag-llm" title="Language model">
          <Icon name="spark" size={11} /></span>}
        {(flags & kOrphan) !== 0 && <span className="tag-note" title="Its parent is not stored">
          orphan</span>}
        {(flags & kHasWarning) !== 0 && (
          <span className="row-flag-warn" title="Has warnings">!</span>
        )}
        {isCollapsed && <span className="row-hidden">
          +{formatCount(hidden)}
          {(flags & kErrorBelow) !== 0 && (
            <em title="Errors inside"><Icon name="error" size={10} /></em>
          )}
        </span>}
      </span>
    </div>
  );
}

/** Far outside of the window a bar's end is cut, so that no element gets millions of pixels. */
const kCutPercent = 20;

function TimeCell(
  { layout, row, fromUs, toUs, showCritical, flags }: RowProps & { flags: number },
) {
  const scale = 100 / (toUs - fromUs);
  const start = ((layout.start[row] ?? 0) - fromUs) * scale;
  const end = start + (layout.duration[row] ?? 0) * scale;
  const left = Math.max(start, -kCutPercent);
  const right = Math.min(end, 100 + kCutPercent);
  const isVisible = right >= 0 && left <= 100;
  const service = layout.services[layout.service[row] ?? 0] ?? '';
  const text = formatDuration(layout.duration[row] ?? 0);
  if (!isVisible) {
    return (
      <div role="gridcell" className="row-time">
        <span className={`row-away ${left > 100 ? 'row-away-right' : ''}`}>
          {left > 100 ? `${text} →` : `← ${text}`}
        </span>
      </div>
    );
  }
  const fill = serviceColors.fill(service);
  const critical = showCritical ? linePath(layout.critical, row, fromUs, toUs) : '';
  const events = eventPath(layout.events, row, fromUs, toUs);
  return (
    <div role="gridcell" className="row-time">
      <div className={`bar service-fill ${(flags & kHasError) !== 0 ? 'bar-error' : ''}`}
        data-mark={fill['data-mark']}
        style={{ ...fill.style, left: `${left}%`, width: `${right - left}%` }} />
      {(critical !== '' || events !== '') && (
        <svg className="bar-marks" viewBox="0 0 1000 26" preserveAspectRatio="none"
          aria-hidden="true">
          {critical !== '' && <path className="critical" d={critical} />}
          {events !== '' && <path className="events" d={events} />}
        </svg>
      )}
      <BarLabel left={Math.max(left, 0)} right={Math.min(right, 100)} text={text} />
    </div>
  );
}

/** After the bar, else before it, else inside it. */
function BarLabel({ left, right, text }: { left: number; right: number; text: string }) {
  if (right < 86) return <span className="bar-label" style={{ left: `${right}%` }}>{text}</span>;
  if (left > 14) {
    return <span className="bar-label" style={{ right: `${100 - left}%` }}>{text}</span>;
  }
  return <span className="bar-label bar-label-inside" style={{ left: `${left}%` }}>{text}</span>;
}
