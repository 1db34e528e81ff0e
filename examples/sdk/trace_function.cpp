#include <binnacle/apm.h>
#include <binnacle/traced.h>

#include <cstdio>
#include <vector>

// One line at the top of a function makes it a span, named after the function and its class.

namespace shop {

class Scanner {
 public:
  int scan(int pages);

 private:
  static int read_page(int page);
};

int Scanner::scan(int pages) {
  BINNACLE_TRACE_FUNCTION();
  int offers = 0;
  for (int page = 1; page <= pages; ++page) offers += read_page(page);
  return offers;
}

int Scanner::read_page(int page) {
  BINNACLE_TRACE_FUNCTION("read page");
  binnacle::current_span().set_attribute("page", page);
  return page * 10;
}

}  // namespace shop

int main() {
  binnacle::init_observability();
  std::printf("%d offers\n", shop::Scanner().scan(3));
  binnacle::shutdown();
}
