#include "io/net/address.h"
#include "io/net/http.h"
#include "io/net/http_negotiation.h"
#include "io/net/http_response_writer.h"
#include "io/net/static_files.h"

#include <gtest/gtest.h>

namespace binnacle {
namespace {

TEST(ParseQuery, DecodesRepeatsAndKeepsOrder) {
  const auto query = parse_query("a=1&b=x%20y+z&a=&c&&=v&%3D=%26");
  ASSERT_TRUE(query);
  const std::vector<QueryParameters::Entry> expected{{"a", "1"}, {"b", "x y z"}, {"a", ""},
                                                     {"c", ""},  {"", "v"},      {"=", "&"}};
  EXPECT_EQ(query->entries(), expected);
}

TEST(ParseQuery, BrokenEscapesNameTheirPlace) {
  for (const char* bad : {"a=%", "a=%2", "a=%2g", "%zz=1"}) {
    const auto query = parse_query(bad);
    ASSERT_FALSE(query) << bad;
    EXPECT_EQ(query.error().code, ErrorCode::kInvalidArgument);
  }
  EXPECT_NE(parse_query("ab=1&c=%zz").error().message.find("byte 7"), std::string::npos);
}

TEST(ParseQuery, BoundsTheNumberOfParameters) {
  std::string text;
  for (std::size_t i = 0; i <= kMaxQueryParameters; ++i) text += "a&";
  EXPECT_FALSE(parse_query(text));
}

TEST(Percent, RoundTripsAnyBytes) {
  std::string all;
  for (int i = 0; i < 256; ++i) all.push_back(static_cast<char>(i));
  EXPECT_EQ(decode_percent(encode_percent(all)), all);
  EXPECT_EQ(encode_percent("a b/\xc3\xa9~"), "a%20b%2F%C3%A9~");
}

TEST(IsLoopback, KnowsTheForms) {
  for (const char* yes :
       {"127.0.0.1", "127.9.9.9", "::1", "[::1]", "localhost", "LOCALHOST", "::ffff:127.0.0.1"}) {
    EXPECT_TRUE(is_loopback(yes)) << yes;
  }
  for (const char* no : {"", "0.0.0.0", "::", "[::]", "10.0.0.1", "127.0.0.1.example",
                         "localhost.x", "1270.0.1", "::ffff:10.0.0.1"}) {
    EXPECT_FALSE(is_loopback(no)) << no;
  }
}

TEST(ParseHostPort, SplitsAndRefuses) {
  const auto v6 = parse_host_port("[::1]:80");
  ASSERT_TRUE(v6);
  EXPECT_EQ(v6->host, "::1");
  EXPECT_EQ(v6->port, 80);
  EXPECT_EQ(parse_host_port("host")->port, 0);
  for (const char* bad : {"", ":80", "a:b", "a:99999", "::1", "[::1", "[::1]80", "a:1:2"}) {
    EXPECT_FALSE(parse_host_port(bad)) << bad;
  }
}

TEST(AcceptsGzip, ReadsWeights) {
  for (const char* yes : {"gzip", "br, GZIP;q=0.5", "*", "x-gzip", "deflate , gzip ; q=1"}) {
    EXPECT_TRUE(accepts_gzip(yes)) << yes;
  }
  for (const char* no : {"", "br", "gzip;q=0", "gzip;q=0.000", "*;q=0", "identity"}) {
    EXPECT_FALSE(accepts_gzip(no)) << no;
  }
}

TEST(HttpDate, IsTheFormOfTheStandard) {
  EXPECT_EQ(http_date(784111777LL * kNanosPerSecond), "Sun, 06 Nov 1994 08:49:37 GMT");
}

TEST(StaticFilesTest, AnswersWithTagsCompressionAndNotModified) {
  const StaticFiles files({
      {.path = "/b.js",
       .content_type = "text/javascript",
       .content = "plain",
       .gzipped = "packed",
       .immutable = true},
      {.path = "/index.html", .content_type = "text/html", .content = "page"},
  });
  EXPECT_EQ(files.find("/nowhere"), nullptr);
  const StaticFile* script = files.find("/b.js");
  ASSERT_NE(script, nullptr);
  HttpRequest request;
  HttpResponse plain = files.respond(request, *script);
  EXPECT_EQ(std::get<std::string_view>(plain.body), "plain");
  EXPECT_NE(plain.headers.get("Cache-Control").find("immutable"), std::string_view::npos);
  request.headers.set("Accept-Encoding", "gzip");
  HttpResponse packed = files.respond(request, *script);
  EXPECT_EQ(std::get<std::string_view>(packed.body), "packed");
  EXPECT_EQ(packed.headers.get("Content-Encoding"), "gzip");
  EXPECT_NE(packed.headers.get("ETag"), plain.headers.get("ETag"));
  request.headers.set("If-None-Match", "\"other\", W/" + std::string(packed.headers.get("ETag")));
  EXPECT_EQ(files.respond(request, *script).status, 304);
  EXPECT_EQ(files.respond(HttpRequest{}, *files.find("/index.html")).headers.get("Cache-Control"),
            "no-cache");
}

}  // namespace
}  // namespace binnacle
