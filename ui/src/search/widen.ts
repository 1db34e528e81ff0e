// The ways to widen a search that found nothing.
import { plural } from '../format/format';
import type { SearchState } from './search_state';

export interface Way {
  label: string;
  state: SearchState;
}

export function waysToWiden(state: SearchState): Way[] {
  const ways: Way[] = [];
  const narrow = ['5m', '15m', '1h', '3h', '12h', '1d', '2d', 'custom'];
  if (narrow.includes(state.lookback)) {
    ways.push({ label: 'Look at the last 7 days', state: widen(state, '7d') });
  }
  if (state.lookback !== 'all') {
    ways.push({ label: 'Look at all time', state: widen(state, 'all') });
  }
  const tags = Object.keys(state.tags).length;
  if (tags > 0) {
    ways.push({ label: `Leave out ${plural(tags, 'attribute')}`, state: { ...state, tags: {} } });
  }
  if (state.minDuration !== '' || state.maxDuration !== '') {
    ways.push({ label: 'Any duration', state: { ...state, minDuration: '', maxDuration: '' } });
  }
  if (state.operation !== '') {
    ways.push({ label: 'All operations', state: { ...state, operation: '' } });
  }
  if (state.service !== '') {
    ways.push({ label: 'All services', state: { ...state, service: '', operation: '' } });
  }
  return ways;
}

function widen(state: SearchState, lookback: string): SearchState {
  return { ...state, lookback, startUs: null, endUs: null, zoom: null };
}
