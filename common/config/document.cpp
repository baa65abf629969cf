// SPDX-License-Identifier: GPL-3.0-or-later
#include "common/config/document.h"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/yaml.h>

#include <cstdio>
#include <optional>
#include <sstream>

#include "common/types/utf8.h"

namespace mediaferry::config {

namespace {

constexpr int kDeepest = 16;       // the deepest key of ours lies at 5
constexpr int kMostNodes = 10000;  // aliases of aliases grow without end; a cyclic one for ever

// yaml-cpp counts from zero, and has no place (-1) for a null that is not written.
Position position(const YAML::Mark& mark) {
    if (mark.is_null()) return {};
    return {mark.line + 1, mark.column + 1};
}

class Reader {
public:
    Value read(const YAML::Node& node, int depth) {
        Value value;
        value.at = position(node.Mark());
        if (depth > kDeepest || ++nodes_ > kMostNodes)
            throw NotYaml{value.at, "is nested too deeply or repeats itself without end (write the values out)"};
        switch (node.Type()) {
            case YAML::NodeType::Undefined:
            case YAML::NodeType::Null: break;
            case YAML::NodeType::Scalar:
                value.kind = Value::Kind::scalar;
                value.text = utf8(node.Scalar(), value.at);
                break;
            case YAML::NodeType::Sequence:
                value.kind = Value::Kind::list;
                for (const auto& item : node) value.items.push_back(read(item, depth + 1));
                break;
            case YAML::NodeType::Map:
                value.kind = Value::Kind::map;
                for (const auto& entry : node) value.entries.push_back(read_entry(entry.first, entry.second, depth));
                break;
        }
        return value;
    }

private:
    Entry read_entry(const YAML::Node& key, const YAML::Node& node, int depth) {
        const Position at = position(key.Mark());
        if (!key.IsScalar()) throw NotYaml{at, "a key must be a word (write key: value)"};
        Value value = read(node, depth + 1);
        if (value.kind == Value::Kind::nothing) value.at = at;
        return {utf8(key.Scalar(), at), at, std::move(value)};
    }

    /// yaml-cpp lets other bytes through.
    static std::string utf8(const std::string& text, Position at) {
        if (!is_utf8(text)) throw NotYaml{at, "holds a byte that is no UTF-8 (save the file as UTF-8)"};
        return text;
    }

    int nodes_ = 0;
};

/// Counts documents and notes where the second one that says anything begins. YAML::LoadAll would do, but there are broken texts of nine bytes in
/// which it finds documents without end.
class SecondDocument : public YAML::EventHandler {
public:
    static std::optional<Position> in(const std::string& text) {
        std::istringstream stream(text);
        YAML::Parser parser(stream);
        SecondDocument seen;
        if (parser.HandleNextDocument(seen)) parser.HandleNextDocument(seen);
        return seen.found_;
    }

    void OnDocumentStart(const YAML::Mark&) override { ++number_; }
    void OnDocumentEnd() override {}
    void OnNull(const YAML::Mark&, YAML::anchor_t) override {}
    void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override { content(mark); }
    void OnScalar(const YAML::Mark& mark, const std::string&, YAML::anchor_t, const std::string&) override { content(mark); }
    void OnSequenceStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t, YAML::EmitterStyle::value) override { content(mark); }
    void OnSequenceEnd() override {}
    void OnMapStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t, YAML::EmitterStyle::value) override { content(mark); }
    void OnMapEnd() override {}

private:
    void content(const YAML::Mark& mark) {
        if (number_ == 2 && !found_) found_ = position(mark);
    }
    int number_ = 0;
    std::optional<Position> found_;
};

bool plain_is_safe(std::string_view text) {
    if (text.empty() || text == "~" || text == "null" || text == "Null" || text == "NULL") return false;
    if (text.front() == ' ' || text.back() == ' ' || text.back() == ':') return false;
    if (std::string_view{"-?:,[]{}#&*!|>'\"%@`"}.find(text.front()) != std::string_view::npos) return false;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const auto c = static_cast<unsigned char>(text[i]);
        if (c < 0x20 || c == 0x7f || std::string_view{",[]{}\"\\"}.find(text[i]) != std::string_view::npos) return false;
        if (c == ':' && i + 1 < text.size() && text[i + 1] == ' ') return false;
        if (c == '#' && text[i - 1] == ' ') return false;
    }
    return true;
}

/// In double quotes, with the escapes that YAML and JSON share.
std::string quoted(std::string_view text) {
    std::string result = "\"";
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if (c == '"' || c == '\\') {
            result += '\\';
            result += c;
        } else if (byte < 0x20 || byte == 0x7f) {
            char escape[8];
            std::snprintf(escape, sizeof escape, "\\u%04x", byte);
            result += escape;
        } else {
            result += c;
        }
    }
    return result + '"';
}

std::string flow(const Value& list) {
    std::string result = "[";
    for (const auto& item : list.items) result += (result.size() > 1 ? ", " : "") + yaml_scalar(item.text);
    return result + "]";
}

void write_map(const Value&, const std::string& indent, std::string& out);

void write_entry(const Entry& entry, const std::string& indent, std::string& out) {
    const Value& value = entry.value;
    out += yaml_scalar(entry.key) + ":";
    if (value.kind == Value::Kind::scalar) {
        out += " " + yaml_scalar(value.text) + "\n";
    } else if (value.kind == Value::Kind::map) {
        out += value.entries.empty() ? " {}\n" : "\n";
        write_map(value, indent + "  ", out);
    } else if (value.items.empty() || value.items.front().kind == Value::Kind::scalar) {
        out += " " + flow(value) + "\n";
    } else {
        out += "\n";
        for (const auto& item : value.items) {
            const std::string inner = indent + "    ";
            std::string map;
            write_map(item, inner, map);
            out += indent + "  - " + map.substr(inner.size());
        }
    }
}

void write_map(const Value& map, const std::string& indent, std::string& out) {
    for (const auto& entry : map.entries) {
        out += indent;
        write_entry(entry, indent, out);
    }
}

}  // namespace

Value scalar(std::string text, bool bare) {
    Value value;
    value.kind = Value::Kind::scalar;
    value.text = std::move(text);
    value.bare = bare;
    return value;
}

Value read_document(const std::string& text) {
    try {
        if (const auto second = SecondDocument::in(text)) throw NotYaml{*second, "a second document begins here (remove the line ---)"};
        return Reader{}.read(YAML::Load(text), 0);
    } catch (const YAML::Exception& error) {
        // What follows a colon in the library's words may be text of the file, and that a password.
        throw NotYaml{position(error.mark), error.msg.substr(0, error.msg.find(':')) + " (look at the indentation, and put quotes around odd text)"};
    }
}

std::string yaml_scalar(std::string_view text) { return plain_is_safe(text) ? std::string{text} : quoted(text); }

std::string to_yaml(const Value& value) {
    std::string out;
    write_map(value, "", out);
    return out;
}

std::string to_json(const Value& value) {
    std::string out;
    switch (value.kind) {
        case Value::Kind::nothing: return "null";
        case Value::Kind::scalar: return value.bare ? value.text : quoted(value.text);
        case Value::Kind::list:
            for (const auto& item : value.items) out += (out.empty() ? "" : ", ") + to_json(item);
            return "[" + out + "]";
        case Value::Kind::map:
            for (const auto& entry : value.entries) out += (out.empty() ? "" : ", ") + quoted(entry.key) + ": " + to_json(entry.value);
            return "{" + out + "}";
    }
    return out;
}

}  // namespace mediaferry::config
