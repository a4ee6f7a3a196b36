#include "transport/web/upgrade.hpp"

#include "protocol/engineio/base64.hpp"

#include <array>
#include <openssl/sha.h>

namespace stibium::web {

namespace {

constexpr std::string_view protocol_guid = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"; // RFC 6455, 1.3
constexpr size_t key_bytes = 16;

/// Whether a comma-separated list in any header of that name holds a token.
bool lists(const http_request& request, std::string_view name, std::string_view token) {
  for (auto& [key, value] : request.headers) {
    if (!same_header_name(key, name)) continue;
    std::string_view rest = value;
    while (!rest.empty()) {
      auto end = std::min(rest.find(','), rest.size());
      auto part = rest.substr(0, end);
      rest.remove_prefix(std::min(end + 1, rest.size()));
      while (!part.empty() && (part.front() == ' ' || part.front() == '\t')) part.remove_prefix(1);
      while (!part.empty() && (part.back() == ' ' || part.back() == '\t')) part.remove_suffix(1);
      if (same_header_name(part, token)) return true;
    }
  }
  return false;
}

std::string accept_key(std::string_view key) {
  std::string text{key};
  text += protocol_guid;
  std::array<unsigned char, SHA_DIGEST_LENGTH> digest;
  SHA1(reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest.data());
  std::string out;
  engineio::append_base64(out, {reinterpret_cast<const char*>(digest.data()), digest.size()});
  return out;
}

upgrade_answer refuse(int status, http_headers headers) {
  http_response answer;
  answer.status = status;
  answer.content_type = "application/json";
  answer.body = R"({"code":3,"message":"Bad request"})";
  answer.headers = std::move(headers);
  return {{}, std::move(answer)};
}

} // namespace

bool wants_websocket(const http_request& request) {
  return lists(request, "Upgrade", "websocket") && lists(request, "Connection", "upgrade");
}

upgrade_answer answer_upgrade(const http_request& request) {
  if (request.method != "GET" || !wants_websocket(request)) return refuse(400, {});
  if (request.header("Sec-WebSocket-Version").value_or("") != "13")
    return refuse(426, {{"Sec-WebSocket-Version", "13"}});
  auto key = request.header("Sec-WebSocket-Key").value_or("");
  std::vector<char> decoded;
  if (!engineio::append_base64_decoded(decoded, key) || decoded.size() != key_bytes) return refuse(400, {});
  return {"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: " +
              accept_key(key) + "\r\n\r\n",
          std::nullopt};
}

} // namespace stibium::web
