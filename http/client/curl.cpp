#include "http/client/curl.hpp"

#include "protocol/base/assert.hpp"

#include <cstdio>
#include <cstdlib>
#include <dlfcn.h>

namespace praetor::http::client {
namespace {

constexpr const char* library_name = "libcurl.so.4"; // its stable ABI

template <class Function>
void find(void* library, const char* name, Function& to) {
  to = reinterpret_cast<Function>(dlsym(library, name));
  if (to)
    return;
  std::fprintf(stderr, "praetor: %s\n", dlerror());
  std::abort();
}

curl_library load() {
  auto* library = dlopen(library_name, RTLD_NOW | RTLD_LOCAL);
  if (!library) {
    std::fprintf(stderr, "praetor: %s\n", dlerror());
    std::abort();
  }
  curl_library all;
  find(library, "curl_global_init", all.global_init);
  find(library, "curl_free", all.free);
  find(library, "curl_easy_init", all.easy_init);
  find(library, "curl_easy_cleanup", all.easy_cleanup);
  find(library, "curl_easy_perform", all.easy_perform);
  find(library, "curl_easy_setopt", all.easy_setopt);
  find(library, "curl_easy_getinfo", all.easy_getinfo);
  find(library, "curl_easy_strerror", all.easy_strerror);
  find(library, "curl_easy_header", all.easy_header);
  find(library, "curl_multi_init", all.multi_init);
  find(library, "curl_multi_cleanup", all.multi_cleanup);
  find(library, "curl_multi_add_handle", all.multi_add_handle);
  find(library, "curl_multi_remove_handle", all.multi_remove_handle);
  find(library, "curl_multi_setopt", all.multi_setopt);
  find(library, "curl_multi_assign", all.multi_assign);
  find(library, "curl_multi_socket_action", all.multi_socket_action);
  find(library, "curl_multi_info_read", all.multi_info_read);
  find(library, "curl_slist_append", all.slist_append);
  find(library, "curl_slist_free_all", all.slist_free_all);
  find(library, "curl_url", all.url);
  find(library, "curl_url_cleanup", all.url_cleanup);
  find(library, "curl_url_get", all.url_get);
  find(library, "curl_url_set", all.url_set);
  PRAETOR_ASSERT(all.global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK);
  return all;
}

} // namespace

const curl_library& curl() {
  static const curl_library library = load();
  return library;
}

} // namespace praetor::http::client
