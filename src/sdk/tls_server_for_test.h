#pragma once

#include "sdk/loopback_listener_for_test.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

// Test support: certificates made on the spot, and an HTTPS collector that may ask for the
// client's. One connection at a time.

namespace binnacle::sdk {

/// A certificate and its key as PEM files; signed by `issuer`, or by itself.
class CertificateForTest {
 public:
  CertificateForTest(const std::string& directory, const std::string& name,
                     const CertificateForTest* issuer = nullptr)
      : certificate_path(directory + "/" + name + ".pem"),
        key_path(directory + "/" + name + ".key"),
        key_(EVP_EC_gen("P-256")),
        certificate_(X509_new()) {
    X509_set_version(certificate_, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(certificate_), static_cast<long>(name.size()));
    X509_gmtime_adj(X509_getm_notBefore(certificate_), -60);
    X509_gmtime_adj(X509_getm_notAfter(certificate_), 3600);
    X509_set_pubkey(certificate_, key_);
    X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate_), "CN", MBSTRING_ASC,
                               reinterpret_cast<const unsigned char*>(name.c_str()), -1, -1, 0);
    X509* signer = issuer != nullptr ? issuer->certificate_ : certificate_;
    X509_set_issuer_name(certificate_, X509_get_subject_name(signer));
    add_extension(issuer == nullptr ? NID_basic_constraints : NID_subject_alt_name,
                  issuer == nullptr ? "critical,CA:TRUE" : "DNS:localhost,IP:127.0.0.1");
    X509_sign(certificate_, issuer != nullptr ? issuer->key_ : key_, EVP_sha256());
    if (FILE* file = std::fopen(certificate_path.c_str(), "we")) {
      PEM_write_X509(file, certificate_);
      std::fclose(file);
    }
    if (FILE* file = std::fopen(key_path.c_str(), "we")) {
      PEM_write_PrivateKey(file, key_, nullptr, nullptr, 0, nullptr, nullptr);
      std::fclose(file);
    }
  }
  CertificateForTest(const CertificateForTest&) = delete;
  CertificateForTest& operator=(const CertificateForTest&) = delete;
  ~CertificateForTest() {
    X509_free(certificate_);
    EVP_PKEY_free(key_);
  }

  const std::string certificate_path;
  const std::string key_path;

 private:
  void add_extension(int id, const char* value) {
    X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, nullptr, id, value);
    X509_add_ext(certificate_, extension, -1);
    X509_EXTENSION_free(extension);
  }

  EVP_PKEY* key_;
  X509* certificate_;
};

class TlsServerForTest {
 public:
  /// With `client_authority`, clients must show a certificate that it has signed.
  explicit TlsServerForTest(const CertificateForTest& certificate,
                            const CertificateForTest* client_authority = nullptr)
      : context_(SSL_CTX_new(TLS_server_method())) {
    SSL_CTX_use_certificate_chain_file(context_, certificate.certificate_path.c_str());
    SSL_CTX_use_PrivateKey_file(context_, certificate.key_path.c_str(), SSL_FILETYPE_PEM);
    if (client_authority != nullptr) {
      SSL_CTX_load_verify_locations(context_, client_authority->certificate_path.c_str(), nullptr);
      SSL_CTX_set_verify(context_, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
    }
    thread_ = std::thread([this] { serve(); });
  }
  TlsServerForTest(const TlsServerForTest&) = delete;
  TlsServerForTest& operator=(const TlsServerForTest&) = delete;
  ~TlsServerForTest() {
    is_over_ = true;
    thread_.join();
    SSL_CTX_free(context_);
  }

  std::string url() const { return "https://localhost:" + std::to_string(listener_.port()); }
  int requests() const { return requests_.load(); }
  /// What the last request began with.
  std::string last_head() {
    const std::lock_guard lock(mutex_);
    return last_head_;
  }

 private:
  void serve() {
    // OpenSSL writes to sockets without MSG_NOSIGNAL, also to those that the client has closed.
    sigset_t broken_pipe;
    sigemptyset(&broken_pipe);
    sigaddset(&broken_pipe, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &broken_pipe, nullptr);
    while (!is_over_) {
      pollfd event{listener_.socket_fd(), POLLIN, 0};
      if (poll(&event, 1, 10) <= 0) continue;
      const int client = accept4(listener_.socket_fd(), nullptr, nullptr, SOCK_CLOEXEC);
      if (client < 0) continue;
      const timeval patience{0, 20'000};
      setsockopt(client, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
      SSL* tls = SSL_new(context_);
      SSL_set_fd(tls, client);
      if (accept_client(tls)) {
        while (answer_one(tls)) {
        }
      }
      SSL_free(tls);
      close(client);
    }
  }
  bool may_go_on(SSL* tls, int result) const {
    return !is_over_ && SSL_get_error(tls, result) == SSL_ERROR_WANT_READ;
  }
  bool accept_client(SSL* tls) {
    for (;;) {
      const int result = SSL_accept(tls);
      if (result == 1) return true;
      if (!may_go_on(tls, result)) return false;
    }
  }
  bool answer_one(SSL* tls) {
    std::string bytes;
    std::size_t wanted = std::string::npos;
    while (bytes.size() < wanted) {
      char buffer[16384];
      const int got = SSL_read(tls, buffer, sizeof buffer);
      if (got <= 0) {
        if (may_go_on(tls, got)) continue;
        return false;
      }
      bytes.append(buffer, static_cast<std::size_t>(got));
      const std::size_t end = bytes.find("\r\n\r\n");
      const std::size_t at = bytes.find("Content-Length: ");
      if (end != std::string::npos && at != std::string::npos) {
        wanted = end + 4 + std::strtoul(bytes.c_str() + at + 16, nullptr, 10);
      }
    }
    {
      const std::lock_guard lock(mutex_);
      last_head_ = bytes.substr(0, bytes.find("\r\n\r\n"));
    }
    ++requests_;
    constexpr char kAnswer[] = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
    return SSL_write(tls, kAnswer, sizeof kAnswer - 1) > 0;
  }

  SSL_CTX* context_;
  LoopbackListener listener_;
  std::atomic<bool> is_over_{false};
  std::atomic<int> requests_{0};
  std::mutex mutex_;
  std::string last_head_;
  std::thread thread_;
};

}  // namespace binnacle::sdk
