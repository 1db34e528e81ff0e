#include "sdk/recording_for_test.h"
#include "sdk/tls_server_for_test.h"

#include <binnacle/config.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <string>

// TLS and mutual TLS, against OpenSSL's own server side.

namespace binnacle::sdk {
namespace {

constexpr std::int64_t kLongMs = 10'000;

class TlsExportTest : public testing::Test {
 public:
  ~TlsExportTest() override { std::filesystem::remove_all(directory_); }

 protected:
  TlsExportTest()
      : authority_(directory_, "authority"), server_(directory_, "server", &authority_) {}

  static std::string make_directory() {
    std::string pattern = testing::TempDir() + "/tls_XXXXXX";
    return mkdtemp(pattern.data()) == nullptr ? "" : pattern;
  }
  /// Whether a span gets through; as one that cannot is tried again and again, it is given little
  /// time.
  static bool sends(const TlsServerForTest& server, const TlsConfig& tls,
                    std::int64_t patience_ms = 300) {
    Config config = Recording::quiet_config();
    config.exporters = {ExporterConfig().with_endpoint(server.url())};
    config.exporters[0].tls = tls;
    config.exporters[0].takes_metrics = false;
    EXPECT_TRUE(init_observability(config));
    start_span("secret").end();
    const bool is_sent = force_flush(patience_ms);
    shutdown(300);
    EXPECT_TRUE(await_end_of_run());
    return is_sent && server.requests() == 1;
  }

  const std::string directory_ = make_directory();
  CertificateForTest authority_;
  CertificateForTest server_;
};

TEST_F(TlsExportTest, TrustsTheGivenAuthorityOnly) {
  const TlsServerForTest server(server_);
  const CertificateForTest stranger(directory_, "stranger");
  EXPECT_FALSE(sends(server, {}));
  EXPECT_FALSE(sends(server, {.ca_file = stranger.certificate_path}));
  EXPECT_FALSE(sends(server, {.ca_file = directory_ + "/absent.pem"}));
  EXPECT_EQ(server.requests(), 0);
  EXPECT_TRUE(sends(server, {.ca_file = authority_.certificate_path}, kLongMs));
}

TEST_F(TlsExportTest, ShowsItsOwnCertificateWhenAsked) {
  const TlsServerForTest server(server_, &authority_);
  const CertificateForTest client(directory_, "client", &authority_);
  EXPECT_FALSE(sends(server, {.ca_file = authority_.certificate_path}));
  EXPECT_EQ(server.requests(), 0);
  EXPECT_TRUE(sends(server,
                    {.ca_file = authority_.certificate_path,
                     .certificate_file = client.certificate_path,
                     .key_file = client.key_path},
                    kLongMs));
}

}  // namespace
}  // namespace binnacle::sdk
