// No results: names what narrows the search and offers to widen each.
import type { SearchState } from './search_state';
import { waysToWiden } from './widen';

export function NothingFound({ state, onSearch }: {
  state: SearchState; onSearch: (state: SearchState) => void;
}) {
  const ways = waysToWiden(state);
  return (
    <div className="empty">
      <h2>No traces match</h2>
      <p>A search matches traces in which one span fits the service, the operation, all
        attributes and the duration together.</p>
      {ways.length > 0 && <p>Widen it:</p>}
      <div className="ways">
        {ways.map((way) => (
          <button key={way.label} type="button" className="button"
            onClick={() => onSearch(way.state)}>
            {way.label}
          </button>
        ))}
      </div>
    </div>
  );
}
