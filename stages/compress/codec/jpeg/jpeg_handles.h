#pragma once
// SPDX-License-Identifier: GPL-3.0-or-later
// libjpeg's two handles, each in an owner, and a way to call it: libjpeg ends a program that meets an error, here it comes back as an exception.

#include <csetjmp>
#include <cstdio>  // before jpeglib.h, which needs FILE
#include <cstdlib>

#include <jpeglib.h>

#include <string>
#include <string_view>

#include "common/errors/errors.h"

namespace mediaferry::stages {

/// Where libjpeg goes back to. A warning (data that do not fit) is an error, too.
struct JpegTrouble : jpeg_error_mgr {
    std::jmp_buf back;
    char text[JMSG_LENGTH_MAX];
};

[[noreturn]] inline void jpeg_give_up(j_common_ptr info) {
    auto* trouble = static_cast<JpegTrouble*>(info->err);
    trouble->format_message(info, trouble->text);
    std::longjmp(trouble->back, 1);
}

inline void jpeg_judge(j_common_ptr info, int level) {
    if (level < 0) jpeg_give_up(info);
}

inline void jpeg_prepare(JpegTrouble& trouble) {
    ::jpeg_std_error(&trouble);
    trouble.error_exit = jpeg_give_up;
    trouble.emit_message = jpeg_judge;
    trouble.text[0] = '\0';
}

/// Runs calls of libjpeg; throws BadInput ("photo.broken"). Nothing in `work` may need a destructor: the way back does not call any.
template <class Work>
void jpeg_guarded(JpegTrouble& trouble, Work&& work) {
    if (setjmp(trouble.back) != 0) throw BadInput{"photo.broken", std::string("it does not decode: ") + trouble.text};
    work();
}

/// Its header is read. The bytes must live as long.
class JpegDecoder {
public:
    explicit JpegDecoder(std::string_view jpeg) {
        jpeg_prepare(trouble_);
        info_.err = &trouble_;
        jpeg_guarded(trouble_, [&] {
            ::jpeg_create_decompress(&info_);
            ::jpeg_mem_src(&info_, reinterpret_cast<const unsigned char*>(jpeg.data()), jpeg.size());
            ::jpeg_read_header(&info_, TRUE);
        });
    }
    ~JpegDecoder() { ::jpeg_destroy_decompress(&info_); }
    JpegDecoder(const JpegDecoder&) = delete;
    JpegDecoder& operator=(const JpegDecoder&) = delete;

    jpeg_decompress_struct& info() { return info_; }
    template <class Work>
    void guarded(Work&& work) {
        jpeg_guarded(trouble_, work);
    }

private:
    JpegTrouble trouble_{};
    jpeg_decompress_struct info_{};
};

class JpegEncoder {
public:
    JpegEncoder() {
        jpeg_prepare(trouble_);
        info_.err = &trouble_;
        jpeg_guarded(trouble_, [&] {
            ::jpeg_create_compress(&info_);
            ::jpeg_mem_dest(&info_, &bytes_, &size_);
        });
    }
    ~JpegEncoder() {
        ::jpeg_destroy_compress(&info_);
        std::free(bytes_);
    }
    JpegEncoder(const JpegEncoder&) = delete;
    JpegEncoder& operator=(const JpegEncoder&) = delete;

    jpeg_compress_struct& info() { return info_; }
    template <class Work>
    void guarded(Work&& work) {
        jpeg_guarded(trouble_, work);
    }
    /// What it has written, once it has finished.
    std::string_view bytes() const { return {reinterpret_cast<const char*>(bytes_), size_}; }

private:
    JpegTrouble trouble_{};
    jpeg_compress_struct info_{};
    unsigned char* bytes_ = nullptr;
    unsigned long size_ = 0;
};

}  // namespace mediaferry::stages
