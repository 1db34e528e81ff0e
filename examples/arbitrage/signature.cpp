#include "signature.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <array>
#include <charconv>

namespace arbitrage {
namespace {

std::string mac_of(std::string_view secret, std::int64_t unix_seconds, std::string_view body) {
  const std::string message = std::to_string(unix_seconds) + "." + std::string(body);
  std::array<unsigned char, EVP_MAX_MD_SIZE> mac{};
  unsigned int size = 0;
  HMAC(EVP_sha256(), secret.data(), static_cast<int>(secret.size()),
       reinterpret_cast<const unsigned char*>(message.data()), message.size(), mac.data(), &size);
  constexpr char kDigits[] = "0123456789abcdef";
  std::string hex;
  for (unsigned int i = 0; i < size; ++i) {
    hex.push_back(kDigits[mac[i] >> 4]);
    hex.push_back(kDigits[mac[i] & 0xF]);
  }
  return hex;
}

}  // namespace

std::string sign(std::string_view secret, std::int64_t unix_seconds, std::string_view body) {
  return "t=" + std::to_string(unix_seconds) + ",v1=" + mac_of(secret, unix_seconds, body);
}

const char* to_string(Verdict verdict) {
  switch (verdict) {
    case Verdict::kGood:
      return "good";
    case Verdict::kMalformed:
      return "malformed";
    case Verdict::kExpired:
      return "expired";
    case Verdict::kMismatch:
      return "mismatch";
  }
  return "";
}

Verdict verify(std::string_view secret, std::string_view header, std::string_view body,
               std::int64_t now_unix_seconds, std::int64_t tolerance_seconds) {
  const auto comma = header.find(",v1=");
  if (!header.starts_with("t=") || comma == std::string_view::npos) return Verdict::kMalformed;
  const std::string_view time = header.substr(2, comma - 2);
  std::int64_t then = 0;
  if (std::from_chars(time.data(), time.data() + time.size(), then).ec != std::errc()) {
    return Verdict::kMalformed;
  }
  if (now_unix_seconds - then > tolerance_seconds || then - now_unix_seconds > tolerance_seconds) {
    return Verdict::kExpired;
  }
  const std::string expected = mac_of(secret, then, body);
  const std::string_view given = header.substr(comma + 4);
  const bool same = given.size() == expected.size() &&
                    CRYPTO_memcmp(given.data(), expected.data(), expected.size()) == 0;
  return same ? Verdict::kGood : Verdict::kMismatch;
}

}  // namespace arbitrage
