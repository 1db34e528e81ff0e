#include "market.h"

#include <fmt/format.h>
#include <libxml/HTMLparser.h>
#include <libxml/xpath.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <memory>
#include <stdexcept>

namespace arbitrage {
namespace {

constexpr std::array<std::string_view, 12> kArticles = {
    "brass sextant", "marine compass", "ship's clock",   "barometer",   "signal lamp", "logbook",
    "sounding line", "parallel rule",  "azimuth circle", "chronometer", "chart table", "fog horn"};
constexpr std::array<std::string_view, 5> kSellers = {
    "harbour-goods", "old-town-tools", "northern-optics", "quay-and-sons", "tidewater"};
constexpr int kOffersPerPage = 40;

struct FreeDocument {
  void operator()(xmlDoc* doc) const { xmlFreeDoc(doc); }
};
struct FreeContext {
  void operator()(xmlXPathContext* context) const { xmlXPathFreeContext(context); }
};
struct FreeObject {
  void operator()(xmlXPathObject* object) const { xmlXPathFreeObject(object); }
};

// A price that every seller moves in its own slow rhythm around the article's worth.
std::int64_t price_cents(std::size_t article, std::size_t seller, std::int64_t unix_seconds) {
  const double worth = 2'000.0 + 1'700.0 * static_cast<double>(article);
  const double phase =
      static_cast<double>(unix_seconds) / (40.0 + 13.0 * static_cast<double>(seller));
  return std::lround(worth * (1 + 0.12 * std::sin(phase + static_cast<double>(article))));
}

std::string attribute(xmlNode* node, const char* name) {
  const std::unique_ptr<xmlChar, decltype(xmlFree)> text(
      xmlGetProp(node, reinterpret_cast<const xmlChar*>(name)), xmlFree);
  return text ? reinterpret_cast<const char*>(text.get()) : "";
}

std::string content(xmlNode* node) {
  const std::unique_ptr<xmlChar, decltype(xmlFree)> text(xmlNodeGetContent(node), xmlFree);
  return text ? reinterpret_cast<const char*>(text.get()) : "";
}

}  // namespace

std::string render_page(int page, std::int64_t unix_seconds) {
  std::string out = fmt::format(
      "<!doctype html><html><head><title>Quayside market, page "
      "{}</title></head><body><h1>Offers</h1><ul>",
      page);
  for (int i = 0; i < kOffersPerPage; ++i) {
    const auto n = static_cast<std::size_t>((page - 1) * kOffersPerPage + i);
    const std::size_t article = n % kArticles.size();
    const std::size_t seller = (n * 7 + 2 * (n / kArticles.size())) % kSellers.size();
    out += fmt::format(
        "<li class=\"offer\" data-sku=\"QM-{:04}\" data-seller=\"{}\"><b>{}</b> "
        "<span class=\"price\" data-currency=\"EUR\" data-cents=\"{}\">on request</span></li>\n",
        article, kSellers[seller], kArticles[article], price_cents(article, seller, unix_seconds));
  }
  return out + "</ul></body></html>";
}

std::vector<Offer> parse_page(std::string_view html) {
  const std::unique_ptr<xmlDoc, FreeDocument> doc(htmlReadMemory(
      html.data(), static_cast<int>(html.size()), nullptr, "utf-8",
      HTML_PARSE_RECOVER | HTML_PARSE_NOERROR | HTML_PARSE_NOWARNING | HTML_PARSE_NONET));
  if (!doc) throw std::runtime_error("page is no HTML");
  const std::unique_ptr<xmlXPathContext, FreeContext> context(xmlXPathNewContext(doc.get()));
  const std::unique_ptr<xmlXPathObject, FreeObject> found(xmlXPathEvalExpression(
      reinterpret_cast<const xmlChar*>("//li[@class='offer']"), context.get()));
  std::vector<Offer> offers;
  if (found && found->nodesetval != nullptr) {
    for (int i = 0; i < found->nodesetval->nodeNr; ++i) {
      xmlNode* item = found->nodesetval->nodeTab[i];
      Offer offer{attribute(item, "data-sku"), {}, attribute(item, "data-seller"), 0, {}};
      for (xmlNode* child = item->children; child != nullptr; child = child->next) {
        if (child->type != XML_ELEMENT_NODE) continue;
        if (attribute(child, "class") != "price") {
          offer.title = content(child);
          continue;
        }
        offer.currency = attribute(child, "data-currency");
        offer.price_cents = std::strtoll(attribute(child, "data-cents").c_str(), nullptr, 10);
      }
      if (!offer.sku.empty() && offer.price_cents > 0) offers.push_back(std::move(offer));
    }
  }
  if (offers.empty()) throw std::runtime_error("page has no offers");
  return offers;
}

std::vector<Opportunity> find_opportunities(const std::vector<Offer>& offers) {
  std::map<std::string, std::pair<const Offer*, const Offer*>> extremes;  // cheapest, dearest
  for (const Offer& offer : offers) {
    auto [it, is_new] = extremes.try_emplace(offer.sku, &offer, &offer);
    if (offer.price_cents < it->second.first->price_cents) it->second.first = &offer;
    if (offer.price_cents > it->second.second->price_cents) it->second.second = &offer;
  }
  std::vector<Opportunity> out;
  for (const auto& [sku, pair] : extremes) {
    if (pair.second->price_cents == pair.first->price_cents) continue;
    out.push_back(Opportunity{sku, pair.first->price_cents, pair.second->price_cents,
                              pair.first->seller, pair.second->seller});
  }
  std::sort(out.begin(), out.end(), [](const Opportunity& a, const Opportunity& b) {
    return a.sell_cents - a.buy_cents > b.sell_cents - b.buy_cents;
  });
  return out;
}

}  // namespace arbitrage
