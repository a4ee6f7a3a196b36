#include "protocol/antimony/token.hpp"

#include <rapidjson/document.h>
#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include <cstdlib>
#include <jwt.h>
#include <memory>
#include <optional>

namespace stibium::antimony {

namespace {

struct free_jwt {
  void operator()(jwt_t* token) const { jwt_free(token); }
};
struct free_text {
  void operator()(char* text) const { std::free(text); }
};
using jwt_ptr = std::unique_ptr<jwt_t, free_jwt>;
using text_ptr = std::unique_ptr<char, free_text>;

const unsigned char* bytes(std::string_view key) { return reinterpret_cast<const unsigned char*>(key.data()); }

long to_seconds(token_time when) { return std::chrono::floor<std::chrono::seconds>(when).time_since_epoch().count(); }

jwt_ptr new_jwt() {
  jwt_t* made = nullptr;
  return jwt_ptr{jwt_new(&made) == 0 ? made : nullptr};
}

// The token's text; empty when anything fails.
std::string sign(jwt_t* token, std::string_view key) {
  if (!token || key.size() < min_key_bytes) return {};
  if (jwt_set_alg(token, JWT_ALG_HS256, bytes(key), static_cast<int>(key.size())) != 0) return {};
  const text_ptr text{jwt_encode_str(token)};
  return text ? text.get() : std::string{};
}

bool add_times(jwt_t* token, token_time now, std::chrono::seconds life) {
  return jwt_add_grant_int(token, "nbf", to_seconds(now)) == 0 &&
         jwt_add_grant_int(token, "exp", to_seconds(now + life)) == 0;
}

// The groups as a claim: `{"groups":[..]}`.
std::string groups_claim(const std::vector<std::string>& groups) {
  rapidjson::StringBuffer buffer;
  rapidjson::Writer<rapidjson::StringBuffer> out{buffer};
  out.StartObject();
  out.Key("groups");
  out.StartArray();
  for (const auto& group : groups) out.String(group.data(), static_cast<rapidjson::SizeType>(group.size()));
  out.EndArray();
  out.EndObject();
  return {buffer.GetString(), buffer.GetSize()};
}

jwt_ptr decode(const std::string& text, std::string_view key) {
  jwt_t* made = nullptr;
  const auto* raw = key.empty() ? nullptr : bytes(key);
  return jwt_ptr{jwt_decode(&made, text.c_str(), raw, static_cast<int>(key.size())) == 0 ? made : nullptr};
}

// Checks all but the claims. First without the key: only so can a wrong signature be told from a broken text.
boost::system::result<rapidjson::Document, token_error> open(std::string_view key, std::string_view text) {
  if (text.empty() || text.size() > max_token_bytes || text.find('\0') != std::string_view::npos)
    return token_error::malformed;
  const std::string whole{text};
  const auto unchecked = decode(whole, {});
  if (!unchecked) return token_error::malformed;
  // Decoding without a key leaves the algorithm unset; the header still says what the token claims.
  const char* algorithm = jwt_get_header(unchecked.get(), "alg");
  if (!algorithm || std::string_view{algorithm} != "HS256") return token_error::wrong_algorithm;
  if (key.size() < min_key_bytes) return token_error::wrong_signature;
  const auto token = decode(whole, key);
  if (!token || jwt_get_alg(token.get()) != JWT_ALG_HS256) return token_error::wrong_signature;
  const text_ptr grants{jwt_get_grants_json(token.get(), nullptr)};
  if (!grants) return token_error::malformed;
  const std::string_view json{grants.get()};
  rapidjson::Document claims;
  if (claims.Parse<rapidjson::kParseIterativeFlag>(json.data(), json.size()).HasParseError() || !claims.IsObject())
    return token_error::malformed;
  return claims;
}

const rapidjson::Value* claim(const rapidjson::Document& claims, const char* name) {
  const auto found = claims.FindMember(name);
  return found == claims.MemberEnd() ? nullptr : &found->value;
}

std::optional<std::string> text_claim(const rapidjson::Document& claims, const char* name) {
  const auto* value = claim(claims, name);
  if (!value || !value->IsString()) return std::nullopt;
  return std::string{value->GetString(), value->GetStringLength()};
}

std::optional<token_time> time_claim(const rapidjson::Document& claims, const char* name) {
  constexpr int64_t most = 9000000000; // the year 2255: what is later does not fit into the clock's nanoseconds
  const auto* value = claim(claims, name);
  if (!value || !value->IsInt64() || value->GetInt64() < 0 || value->GetInt64() > most) return std::nullopt;
  return token_time{std::chrono::seconds{value->GetInt64()}};
}

// The token's time, when it is now.
std::optional<token_error> check_times(const rapidjson::Document& claims, token_time now, token_time& not_before,
                                       token_time& expires) {
  const auto begin = time_claim(claims, "nbf"), end = time_claim(claims, "exp");
  if (!begin || !end) return token_error::malformed;
  if (now >= *end) return token_error::expired;
  if (now < *begin) return token_error::not_yet_valid;
  not_before = *begin;
  expires = *end;
  return std::nullopt;
}

// Reads name and groups of a minted token.
bool read_minted(const rapidjson::Document& claims, access_claims& into) {
  const auto name = text_claim(claims, "name");
  const auto* groups = claim(claims, "groups");
  if (!name || name->empty() || !groups || !groups->IsArray()) return false;
  into.name = *name;
  for (const auto& group : groups->GetArray()) {
    if (!group.IsString()) return false;
    into.groups.emplace_back(group.GetString(), group.GetStringLength());
  }
  return true;
}

} // namespace

std::string to_string(token_error why) {
  switch (why) {
  case token_error::malformed: return "the token is malformed";
  case token_error::wrong_algorithm: return "the token is not signed with HS256";
  case token_error::wrong_signature: return "the token has a wrong signature";
  case token_error::expired: return "the token has expired";
  case token_error::not_yet_valid: return "the token is not valid yet";
  case token_error::wrong_kind: return "the token is of the wrong kind";
  }
  return "the token is invalid";
}

std::string make_access_token(std::string_view key, const identity& who, token_time now, std::chrono::seconds ttl,
                              bool minted) {
  const auto token = new_jwt();
  if (!token || !add_times(token.get(), now, ttl) || jwt_add_grant(token.get(), "id", who.user_id.c_str()) != 0 ||
      jwt_add_grant_bool(token.get(), "isAdmin", who.is_admin ? 1 : 0) != 0)
    return {};
  if (minted && (jwt_add_grant(token.get(), "name", who.name.c_str()) != 0 ||
                 jwt_add_grants_json(token.get(), groups_claim(who.groups).c_str()) != 0))
    return {};
  return sign(token.get(), key);
}

std::string make_auth_token(std::string_view key, std::string_view user_id, token_time now) {
  const auto token = new_jwt();
  if (!token || !add_times(token.get(), now, auth_token_life) ||
      jwt_add_grant(token.get(), "id", std::string{user_id}.c_str()) != 0)
    return {};
  return sign(token.get(), key);
}

boost::system::result<access_claims, token_error> verify_access_token(std::string_view key, std::string_view text,
                                                                      token_time now) {
  const auto claims = open(key, text);
  if (!claims) return claims.error();
  access_claims out;
  if (const auto wrong = check_times(*claims, now, out.not_before, out.expires)) return *wrong;
  const auto id = text_claim(*claims, "id");
  if (!id || id->empty()) return token_error::malformed;
  out.user_id = *id;
  const auto* admin = claim(*claims, "isAdmin");
  if (!admin) return token_error::wrong_kind;
  if (!admin->IsBool()) return token_error::malformed;
  out.is_admin = admin->GetBool();
  out.minted = claim(*claims, "name") != nullptr;
  if (out.minted && !read_minted(*claims, out)) return token_error::malformed;
  return out;
}

boost::system::result<std::string, token_error> verify_auth_token(std::string_view key, std::string_view text,
                                                                  token_time now) {
  const auto claims = open(key, text);
  if (!claims) return claims.error();
  token_time begin, end;
  if (const auto wrong = check_times(*claims, now, begin, end)) return *wrong;
  const auto id = text_claim(*claims, "id");
  if (!id || id->empty()) return token_error::malformed;
  if (claim(*claims, "isAdmin")) return token_error::wrong_kind;
  return boost::system::result<std::string, token_error>{boost::system::in_place_value, *id};
}

bool same_secret(std::string_view given, std::string_view wanted) {
  if (wanted.empty()) return false;
  // Volatile, so that no compiler ends the loop early.
  volatile unsigned difference = given.size() == wanted.size() ? 0 : 1;
  for (size_t i = 0; i < given.size(); ++i)
    difference = difference | static_cast<unsigned char>(given[i] ^ wanted[i % wanted.size()]);
  return difference == 0;
}

} // namespace stibium::antimony
