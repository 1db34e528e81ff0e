// Keys and values. Values are text from the network: shown as text, linked only when they are
// http addresses, unfolded when they are JSON.
import { Fragment, useState } from 'react';
import type { KeyValue } from '../api/types';
import { CopyButton } from '../shell/bits';
import { tagText } from './find';
import { httpLink, prettyJson } from './values';
import { SearchLikeThis } from './trace_header';
import { Clamped } from './details_panel';

/** Only short single-line values make a useful search. */
const kSearchableMax = 200;

export function AttributeTable({ tags, search }: {
  tags: readonly KeyValue[]; search?: (key: string, value: string) => string;
}) {
  if (tags.length === 0) return <p className="field-hint none-here">none</p>;
  return (
    <table className="attributes">
      <tbody>
        {tags.map((tag, k) => {
          const text = tagText(tag);
          const isSearchable = text.length > 0 && text.length <= kSearchableMax;
          return (
            <tr key={k}>
              <th scope="row"><Key text={tag.key} /></th>
              <td data-type={tag.type}>
                <Value text={text} />
                <span className="attribute-actions">
                  {search && isSearchable && (
                    <SearchLikeThis href={search(tag.key, text)}
                      label={`Search for ${tag.key}=${text}`} />
                  )}
                  <CopyButton text={text} label={`Copy the value of ${tag.key}`} />
                </span>
              </td>
            </tr>
          );
        })}
      </tbody>
    </table>
  );
}

/** Long keys break after dots and underscores, not inside words. */
function Key({ text }: { text: string }) {
  return text.split(/(?<=[._])/).map((part, k) => <Fragment key={k}>{part}<wbr /></Fragment>);
}

function Value({ text }: { text: string }) {
  const [isPretty, setPretty] = useState(false);
  const link = httpLink(text);
  if (link) return <a href={link} target="_blank" rel="noreferrer noopener">{text}</a>;
  const pretty = text.length > 40 ? prettyJson(text) : null;
  if (text === '') return <em className="none">empty</em>;
  if (pretty === null) return <Clamped text={text} />;
  return (
    <div>
      {isPretty ? <pre className="json">{pretty}</pre> : <Clamped text={text} />}
      <button type="button" className="link" onClick={() => setPretty(!isPretty)}>
        {isPretty ? 'as it came' : 'as JSON'}</button>
    </div>
  );
}
