#include "sdk/money_content.h"
#include "sdk/scope_start.h"
#include "sdk/span_name.h"

#include <binnacle/instruments.h>
#include <binnacle/marketplace_scope.h>

namespace binnacle {
inline namespace v1 {

namespace {

constexpr std::string_view kUnknown = "unknown";

/// The host of a URL or host name; a plain name as it is, unless it might be something else.
std::string_view marketplace_name(std::string_view text) noexcept {
  const std::string_view host = sdk::split_url(text).host;
  return host.empty() ? kUnknown : host;
}

}  // namespace

MarketplaceScanScope::MarketplaceScanScope(std::string_view url) noexcept
    : ScopeCalls(sdk::SpanName("scan", marketplace_name(url)).view(),
                 sdk::scope_options(SpanKind::kClient)) {
  const sdk::UrlParts parts = sdk::split_url(url);
  marketplace_.assign(parts.host.empty() ? kUnknown : parts.host);
  set_attribute("marketplace.name", marketplace_.view());
  sdk::set_url(ref(), url, parts);
  sdk::set_openinference_kind(ref(), "TOOL");
}

MarketplaceScanScope& MarketplaceScanScope::marketplace(std::string_view name) noexcept {
  marketplace_.assign(name);
  span().update_name(sdk::SpanName("scan", name).view());
  return set_attribute("marketplace.name", name);
}

MarketplaceScanScope& MarketplaceScanScope::pages(std::int64_t count) noexcept {
  return set_attribute("marketplace.pages", count);
}

MarketplaceScanScope& MarketplaceScanScope::items_found(std::int64_t count) noexcept {
  return set_attribute("marketplace.items_found", count);
}

MarketplaceScanScope& MarketplaceScanScope::opportunities(std::int64_t count) noexcept {
  return set_attribute("marketplace.opportunities", count);
}

MarketplaceScanScope& MarketplaceScanScope::http_status(int code) noexcept {
  set_attribute("http.response.status_code", code);
  return code < 400 ? *this : fail(sdk::StatusText(code).view());
}

void MarketplaceScanScope::end() noexcept {
  if (!begin_end()) return;
  set_attribute("marketplace.outcome", status_label());
  if (is_timed()) {
    instruments().record_marketplace_scan(marketplace_.view(), status_label(), elapsed_ms());
  }
  finish_end();
}

BidScope::BidScope(std::string_view marketplace, const Money& amount) noexcept
    : ScopeCalls(sdk::SpanName("bid", marketplace_name(marketplace)).view(),
                 sdk::scope_options(SpanKind::kClient)) {
  const sdk::UrlParts parts = sdk::split_url(marketplace);
  marketplace_.assign(parts.host.empty() ? kUnknown : parts.host);
  set_attribute("marketplace.name", marketplace_.view());
  sdk::set_money(ref(), sdk::kBidAmount, amount);
  sdk::set_openinference_kind(ref(), "TOOL");
}

BidScope& BidScope::bid_id(std::string_view id) noexcept { return set_attribute("bid.id", id); }

BidScope& BidScope::item_id(std::string_view id) noexcept {
  return set_attribute("bid.item.id", id);
}

BidScope& BidScope::accepted(bool is_accepted) noexcept {
  return set_outcome(is_accepted ? Outcome::kOk : Outcome::kRejected);
}

BidScope& BidScope::http_status(int code) noexcept {
  set_attribute("http.response.status_code", code);
  return code < 400 ? *this : fail(sdk::StatusText(code).view());
}

void BidScope::end() noexcept {
  if (!begin_end()) return;
  set_attribute("bid.outcome", status_label());
  if (is_timed()) instruments().record_bid(marketplace_.view(), status_label());
  finish_end();
}

}  // namespace v1
}  // namespace binnacle
