// Distribution packages of gRPC and Abseil are not built with ThreadSanitizer, so it does not see
// their locks and takes what they hand from thread to thread for races. Whatever has gRPC on its
// stack is left out, our handlers' frames below it included: the code behind the handlers is
// checked through HTTP, which is all instrumented. Linked into the test programs that use gRPC.

#if defined(__SANITIZE_THREAD__)
#define BINNACLE_UNDER_TSAN
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define BINNACLE_UNDER_TSAN
#endif
#endif

#ifdef BINNACLE_UNDER_TSAN
extern "C" const char* __tsan_default_suppressions();
extern "C" const char* __tsan_default_suppressions() {
  return "called_from_lib:libgrpc.so\n"
         "called_from_lib:libgrpc++.so\n"
         "called_from_lib:libgpr.so\n"
         "called_from_lib:libupb.so\n"
         "called_from_lib:libz.so\n"
         "called_from_lib:libabsl_cord.so\n"
         "called_from_lib:libabsl_status.so\n"
         "called_from_lib:libabsl_graphcycles_internal.so\n"
         "race:^grpc::\n"
         "race:^grpc_core::\n"
         "race:^absl::\n";
}
#endif
