#include "store/columns/term_filter.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <vector>

namespace binnacle::columns {
namespace {

constexpr std::size_t kBlockBytes = 32;
constexpr std::size_t kBitsPerHash = 10;
constexpr std::array<std::uint32_t, 8> kSalts = {0x47b6137bU, 0x44974d91U, 0x8824ad5bU,
                                                 0xa2b7289dU, 0x705495c7U, 0x2df1424bU,
                                                 0x9efc4947U, 0x5c6bfb31U};

std::size_t block_of(std::uint64_t hash, std::size_t blocks) {
  return static_cast<std::size_t>(((hash >> 32) * blocks) >> 32);
}

std::uint32_t bit_of(std::uint64_t hash, std::size_t word) {
  return 1U << ((static_cast<std::uint32_t>(hash) * kSalts[word]) >> 27);
}

}  // namespace

std::string make_term_filter(std::span<const std::uint64_t> hashes) {
  if (hashes.empty()) return {};
  std::vector<std::uint64_t> distinct(hashes.begin(), hashes.end());
  std::ranges::sort(distinct);
  distinct.erase(std::ranges::unique(distinct).begin(), distinct.end());
  const std::size_t blocks =
      (distinct.size() * kBitsPerHash + kBlockBytes * 8 - 1) / (kBlockBytes * 8);
  std::vector<std::uint32_t> words(blocks * kSalts.size());
  for (const std::uint64_t hash : distinct) {
    std::uint32_t* block = &words[block_of(hash, blocks) * kSalts.size()];
    for (std::size_t w = 0; w < kSalts.size(); ++w) block[w] |= bit_of(hash, w);
  }
  return {reinterpret_cast<const char*>(words.data()), words.size() * sizeof(std::uint32_t)};
}

bool may_contain(std::string_view filter, std::uint64_t hash) noexcept {
  const std::size_t blocks = filter.size() / kBlockBytes;
  if (blocks == 0) return filter.size() % kBlockBytes != 0;  // empty: no hashes; else no filter
  const char* block = filter.data() + block_of(hash, blocks) * kBlockBytes;
  for (std::size_t w = 0; w < kSalts.size(); ++w) {
    std::uint32_t word = 0;
    std::memcpy(&word, block + w * sizeof word, sizeof word);
    if ((word & bit_of(hash, w)) == 0) return false;
  }
  return true;
}

}  // namespace binnacle::columns
