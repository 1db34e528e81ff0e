#include "io/net/http_server.h"
#include "io/net/raw_client_for_test.h"

#include <gtest/gtest.h>
#include <openssl/bio.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <stdlib.h>

#include <filesystem>
#include <memory>
#include <string>

// TLS listeners, asked by OpenSSL's own client.

namespace binnacle {
namespace {

template <auto kFree>
struct Freer {
  template <typename T>
  void operator()(T* object) const {
    kFree(object);
  }
};
using Key = std::unique_ptr<EVP_PKEY, Freer<EVP_PKEY_free>>;
using Certificate = std::unique_ptr<X509, Freer<X509_free>>;
using Bio = std::unique_ptr<BIO, Freer<BIO_free_all>>;
using Context = std::unique_ptr<SSL_CTX, Freer<SSL_CTX_free>>;

/// A fresh key and a certificate for localhost signed with it, as PEM files in `directory`.
TlsConfig make_certificate(const std::string& directory) {
  const Key key(EVP_EC_gen("P-256"));
  const Certificate certificate(X509_new());
  ASN1_INTEGER_set(X509_get_serialNumber(certificate.get()), 1);
  X509_gmtime_adj(X509_getm_notBefore(certificate.get()), 0);
  X509_gmtime_adj(X509_getm_notAfter(certificate.get()), 3600);
  X509_set_pubkey(certificate.get(), key.get());
  X509_NAME* name = X509_get_subject_name(certificate.get());
  X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
                             reinterpret_cast<const unsigned char*>("localhost"), -1, -1, 0);
  X509_set_issuer_name(certificate.get(), name);
  X509_sign(certificate.get(), key.get(), EVP_sha256());
  TlsConfig config{.certificate_path = directory + "/cert.pem", .key_path = directory + "/key.pem"};
  const Bio certificate_file(BIO_new_file(config.certificate_path.c_str(), "w"));
  PEM_write_bio_X509(certificate_file.get(), certificate.get());
  const Bio key_file(BIO_new_file(config.key_path.c_str(), "w"));
  PEM_write_bio_PrivateKey(key_file.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr);
  return config;
}

class HttpsServerTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = ::testing::TempDir() + "/https_XXXXXX";
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    directory_ = pattern;
    tls_ = make_certificate(directory_);
    router_->add(HttpMethod::kPost, "/echo", [](HttpRequest&& request, HttpResponder responder) {
      std::string body = (request.secure ? "secure:" : "plain:") + std::move(request.body);
      responder.send(HttpResponse::with_type(200, "application/octet-stream", std::move(body)));
    });
  }
  void TearDown() override {
    server_.stop();
    std::error_code ignored;
    std::filesystem::remove_all(directory_, ignored);
  }
  /// What comes back over TLS until `enough` bytes or the end; "" if the handshake fails.
  std::string ask(std::uint16_t port, const std::string& request, std::size_t enough) {
    const Context context(SSL_CTX_new(TLS_client_method()));
    SSL_CTX_load_verify_locations(context.get(), tls_.certificate_path.c_str(), nullptr);
    SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER, nullptr);
    const Bio connection(BIO_new_ssl_connect(context.get()));
    BIO_set_conn_hostname(connection.get(), ("127.0.0.1:" + std::to_string(port)).c_str());
    if (BIO_do_connect(connection.get()) <= 0) return "";
    std::size_t sent = 0;
    while (sent < request.size()) {
      const int n = BIO_write(connection.get(), request.data() + sent,
                              static_cast<int>(request.size() - sent));
      if (n <= 0) return "";
      sent += static_cast<std::size_t>(n);
    }
    std::string answer;
    char bytes[16384];
    while (answer.size() < enough) {
      const int n = BIO_read(connection.get(), bytes, sizeof(bytes));
      if (n <= 0) break;
      answer.append(bytes, static_cast<std::size_t>(n));
    }
    return answer;
  }

  SystemClock clock_;
  std::string directory_;
  TlsConfig tls_;
  std::shared_ptr<HttpRouter> router_ = std::make_shared<HttpRouter>();
  HttpServer server_{{.io_threads = 1, .worker_threads = 1}, clock_};
};

TEST_F(HttpsServerTest, AnswersOverTlsWithALargeBody) {
  const auto port = server_.listen({.name = "https", .tls = tls_}, router_);
  ASSERT_TRUE(port) << port.error().message;
  server_.start();
  const std::string body(300'000, 'b');
  const std::string answer = ask(*port,
                                 "POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 300000"
                                 "\r\n\r\n" +
                                     body,
                                 body.size());
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 200 OK\r\n")) << answer.substr(0, 200);
  EXPECT_NE(answer.find("secure:bbb"), std::string::npos);
  EXPECT_GT(answer.size(), body.size());
}

TEST_F(HttpsServerTest, PlainHttpOnATlsPortEndsTheConnectionOnly) {
  const auto port = server_.listen({.name = "https", .tls = tls_}, router_);
  ASSERT_TRUE(port) << port.error().message;
  server_.start();
  RawClient plain(*port);
  plain.send("POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n");
  EXPECT_EQ(plain.read_answer().status, 0);
  EXPECT_NE(ask(*port, "POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n\r\nok", 20),
            "");
}

TEST_F(HttpsServerTest, MissingFilesAreNamed) {
  const auto missing = server_.listen(
      {.name = "https", .tls = TlsConfig{.certificate_path = "/nowhere.pem"}}, router_);
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code, ErrorCode::kInvalidArgument);
  EXPECT_NE(missing.error().message.find("/nowhere.pem"), std::string::npos);
  TlsConfig swapped = tls_;
  swapped.key_path = tls_.certificate_path;
  EXPECT_FALSE(server_.listen({.name = "https", .tls = swapped}, router_));
}

}  // namespace
}  // namespace binnacle
