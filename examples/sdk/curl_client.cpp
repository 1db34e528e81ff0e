#include <binnacle/integrations/curl.h>

#include <iostream>

// A request with libcurl: binnacle::curl::perform() in place of curl_easy_perform().
//
//   $ curl_client http://127.0.0.1:40123/bids/17

int main(int argc, char** argv) {
  if (argc < 2) return 2;
  binnacle::init_observability();
  CURLcode code = CURLE_FAILED_INIT;
  {
    auto job = binnacle::start_active_span("look a bid up");
    CURL* handle = curl_easy_init();
    if (handle == nullptr) return 1;
    curl_easy_setopt(handle, CURLOPT_URL, argv[1]);
    curl_easy_setopt(handle, CURLOPT_NOPROXY, "127.0.0.1");
    curl_slist* headers = curl_slist_append(nullptr, "accept: application/json");

    code = binnacle::curl::perform(handle, headers);

    curl_slist_free_all(headers);
    curl_easy_cleanup(handle);
  }
  if (code != CURLE_OK) std::cerr << curl_easy_strerror(code) << '\n';
  const bool is_delivered = binnacle::shutdown(5000);
  return code == CURLE_OK && is_delivered ? 0 : 1;
}
