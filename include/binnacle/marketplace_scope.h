#pragma once

#include <binnacle/money.h>
#include <binnacle/scope.h>

#include <cstdint>
#include <string_view>

// Looking for offers on a marketplace, and bidding there. See scope.h for what all scopes share.
//
//   auto scan = binnacle::trace_marketplace_scan("https://market.example/lamps?page=2");
//   scan.http_status(200).items_found(40);
//
// Spans "scan <host>" and "bid <host>", client. Instruments: marketplace.scan.duration
// (marketplace, status), bid.placement.total (marketplace, status). Of a URL only scheme, host and
// port are recorded; if content is captured (content.h), the path too.

namespace binnacle {
inline namespace v1 {

class [[nodiscard]] MarketplaceScanScope : public detail::ScopeCalls<MarketplaceScanScope> {
 public:
  explicit MarketplaceScanScope(std::string_view url) noexcept;
  ~MarketplaceScanScope() { end(); }

  /// The label, where the host is not the marketplace's name.
  MarketplaceScanScope& marketplace(std::string_view name) noexcept;
  MarketplaceScanScope& pages(std::int64_t count) noexcept;
  MarketplaceScanScope& items_found(std::int64_t count) noexcept;
  MarketplaceScanScope& opportunities(std::int64_t count) noexcept;
  /// From 400 on the scan has failed, and error.type is the code ("429").
  MarketplaceScanScope& http_status(int code) noexcept;

  /// Records the instrument and ends the span; the destructor does it otherwise.
  void end() noexcept;

 private:
  detail::ShortText<127> marketplace_;
};

inline MarketplaceScanScope trace_marketplace_scan(std::string_view url) noexcept {
  return MarketplaceScanScope(url);
}

class [[nodiscard]] BidScope : public detail::ScopeCalls<BidScope> {
 public:
  /// `marketplace` is its URL, host or name; the amount is content, its currency is not.
  BidScope(std::string_view marketplace, const Money& amount) noexcept;
  ~BidScope() { end(); }

  BidScope& bid_id(std::string_view id) noexcept;
  BidScope& item_id(std::string_view id) noexcept;
  /// The marketplace's answer: Outcome::kOk or Outcome::kRejected.
  BidScope& accepted(bool is_accepted) noexcept;
  /// From 400 on the placement has failed, and error.type is the code.
  BidScope& http_status(int code) noexcept;

  /// Records the instrument and ends the span; the destructor does it otherwise.
  void end() noexcept;

 private:
  detail::ShortText<127> marketplace_;
};

inline BidScope trace_bid_placement(std::string_view marketplace, const Money& amount) noexcept {
  return BidScope(marketplace, amount);
}

}  // namespace v1
}  // namespace binnacle
