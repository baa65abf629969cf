// SPDX-License-Identifier: GPL-3.0-or-later
#include "stages/compress/codec/photo/coefficients.h"

#include <csetjmp>
#include <cstdio>  // before jpeglib.h, which needs FILE

#include <jpeglib.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <memory>
#include <vector>

#include "common/errors/errors.h"

namespace mediaferry::stages {
namespace {

/// libjpeg ends a program that meets an error; here it comes back to who asked instead. A warning (data that do not fit) is an error, too.
struct Trouble : jpeg_error_mgr {
    std::jmp_buf back;
    char text[JMSG_LENGTH_MAX];
};

[[noreturn]] void give_up(j_common_ptr info) {
    auto* trouble = static_cast<Trouble*>(info->err);
    trouble->format_message(info, trouble->text);
    std::longjmp(trouble->back, 1);
}

void judge(j_common_ptr info, int level) {
    if (level < 0) give_up(info);
}

void prepare(Trouble& trouble) {
    ::jpeg_std_error(&trouble);
    trouble.error_exit = give_up;
    trouble.emit_message = judge;
    trouble.text[0] = '\0';
}

/// Runs calls of libjpeg. Nothing in `work` may need a destructor: the way back does not call any.
template <class Work>
void guarded(Trouble& trouble, Work&& work) {
    if (setjmp(trouble.back) != 0) throw BadInput{"photo.broken", std::string("it does not decode: ") + trouble.text};
    work();
}

class Decoder {
public:
    explicit Decoder(std::string_view jpeg) {
        prepare(trouble_);
        info_.err = &trouble_;
        guarded(trouble_, [&] {
            ::jpeg_create_decompress(&info_);
            ::jpeg_mem_src(&info_, reinterpret_cast<const unsigned char*>(jpeg.data()), jpeg.size());
            ::jpeg_read_header(&info_, TRUE);
        });
    }
    ~Decoder() { ::jpeg_destroy_decompress(&info_); }
    Decoder(const Decoder&) = delete;
    Decoder& operator=(const Decoder&) = delete;

    jpeg_decompress_struct& info() { return info_; }
    Trouble& trouble() { return trouble_; }

private:
    Trouble trouble_{};
    jpeg_decompress_struct info_{};
};

class Encoder {
public:
    Encoder() {
        prepare(trouble_);
        info_.err = &trouble_;
        guarded(trouble_, [&] {
            ::jpeg_create_compress(&info_);
            ::jpeg_mem_dest(&info_, &bytes_, &size_);
        });
    }
    ~Encoder() {
        ::jpeg_destroy_compress(&info_);
        std::free(bytes_);
    }
    Encoder(const Encoder&) = delete;
    Encoder& operator=(const Encoder&) = delete;

    jpeg_compress_struct& info() { return info_; }
    Trouble& trouble() { return trouble_; }
    std::string take() const { return {reinterpret_cast<const char*>(bytes_), size_}; }

private:
    Trouble trouble_{};
    jpeg_compress_struct info_{};
    unsigned char* bytes_ = nullptr;
    unsigned long size_ = 0;
};

// ---- requantising ---------------------------------------------------------------------------------------------------

/// The steps of `quality` for brightness and for colour.
struct Steps {
    unsigned luma[DCTSIZE2], chroma[DCTSIZE2];
};

Steps steps_of(int quality) {
    Encoder scratch;
    guarded(scratch.trouble(), [&] {
        scratch.info().in_color_space = JCS_YCbCr;
        scratch.info().input_components = 3;
        ::jpeg_set_defaults(&scratch.info());
        ::jpeg_set_quality(&scratch.info(), quality, TRUE);
    });
    Steps steps{};
    for (int i = 0; i < DCTSIZE2; ++i) {
        steps.luma[i] = scratch.info().quant_tbl_ptrs[0]->quantval[i];
        steps.chroma[i] = scratch.info().quant_tbl_ptrs[1]->quantval[i];
    }
    return steps;
}

/// One component's coefficients, from the steps `before` to the steps `after`. The first of a block is the block's mean: rounded to the nearest. The
/// others are rounded towards zero a little (0.35 instead of 0.5): a value that sits on the old grid would be rounded up too often otherwise.
void requantise(jpeg_decompress_struct& info, jvirt_barray_ptr blocks, const jpeg_component_info& component, const UINT16* before,
                const UINT16* after) {
    int add[DCTSIZE2];
    for (int i = 0; i < DCTSIZE2; ++i) add[i] = i == 0 ? after[i] / 2 : after[i] * 35 / 100;
    for (JDIMENSION row = 0; row < component.height_in_blocks; ++row) {
        JBLOCKARRAY line = info.mem->access_virt_barray(reinterpret_cast<j_common_ptr>(&info), blocks, row, 1, TRUE);
        for (JDIMENSION column = 0; column < component.width_in_blocks; ++column) {
            JCOEF* block = line[0][column];
            for (int i = 0; i < DCTSIZE2; ++i) {
                if (block[i] == 0 || before[i] == after[i]) continue;
                const int value = std::abs(static_cast<int>(block[i])) * before[i];
                const int coarser = (value + add[i]) / after[i];
                block[i] = static_cast<JCOEF>(block[i] < 0 ? -coarser : coarser);
            }
        }
    }
}

/// The tables of the result: nowhere finer than wanted, nowhere finer than they were. A table that brightness and colour share takes brightness's.
void choose_tables(const jpeg_decompress_struct& from, jpeg_compress_struct& to, const Steps& wanted) {
    bool chosen[NUM_QUANT_TBLS] = {};
    for (int c = 0; c < from.num_components; ++c) {
        const int slot = from.comp_info[c].quant_tbl_no;
        if (chosen[slot]) continue;
        chosen[slot] = true;
        const bool colour = c > 0 && from.jpeg_color_space == JCS_YCbCr;
        for (int i = 0; i < DCTSIZE2; ++i) {
            const auto old = from.quant_tbl_ptrs[slot]->quantval[i];
            to.quant_tbl_ptrs[slot]->quantval[i] = static_cast<UINT16>(std::max<unsigned>(old, colour ? wanted.chroma[i] : wanted.luma[i]));
        }
    }
}

// ---- comparing ------------------------------------------------------------------------------------------------------

/// Squares of differences of one channel, summed.
struct Difference {
    double sum = 0;
    std::uint64_t count = 0;
    double psnr() const { return sum == 0 ? 99.0 : 10 * std::log10(255.0 * 255.0 * static_cast<double>(count) / sum); }
};

void begin(Decoder& decoder) {
    guarded(decoder.trouble(), [&] {
        if (decoder.info().jpeg_color_space == JCS_YCbCr) decoder.info().out_color_space = JCS_YCbCr;
        decoder.info().do_fancy_upsampling = FALSE;  // both sides alike: what is compared is what was stored
        ::jpeg_start_decompress(&decoder.info());
    });
}

void next_line(Decoder& decoder, std::vector<unsigned char>& line) {
    JSAMPROW row = line.data();
    guarded(decoder.trouble(), [&] { ::jpeg_read_scanlines(&decoder.info(), &row, 1); });  // all bytes are there: it never has to wait
}

}  // namespace

std::string requantised(std::string_view jpeg, int quality) {
    const auto wanted = steps_of(quality);
    Decoder decoder{jpeg};
    Encoder encoder;
    auto& from = decoder.info();
    auto& to = encoder.info();
    jvirt_barray_ptr* blocks = nullptr;
    guarded(decoder.trouble(), [&] { blocks = ::jpeg_read_coefficients(&from); });
    guarded(encoder.trouble(), [&] { ::jpeg_copy_critical_parameters(&from, &to); });
    choose_tables(from, to, wanted);
    guarded(decoder.trouble(), [&] {
        for (int c = 0; c < from.num_components; ++c) {
            const auto& component = from.comp_info[c];
            requantise(from, blocks[c], component, component.quant_table->quantval, to.quant_tbl_ptrs[component.quant_tbl_no]->quantval);
        }
    });
    guarded(encoder.trouble(), [&] {
        to.optimize_coding = TRUE;
        ::jpeg_simple_progression(&to);
        ::jpeg_write_coefficients(&to, blocks);
        ::jpeg_finish_compress(&to);
    });
    guarded(decoder.trouble(), [&] { ::jpeg_finish_decompress(&from); });
    return encoder.take();
}

Likeness likeness(std::string_view original, std::string_view result) {
    Decoder left{original}, right{result};
    begin(left);
    begin(right);
    const auto& a = left.info();
    const auto& b = right.info();
    if (a.output_width != b.output_width || a.output_height != b.output_height || a.output_components != b.output_components)
        throw TransientError{"photo.check", "the small copy has other dimensions than intended"};
    const auto channels = static_cast<std::size_t>(a.output_components);
    std::vector<unsigned char> one(a.output_width * channels), other(one.size());
    Difference luma, chroma;
    for (JDIMENSION y = 0; y < a.output_height; ++y) {
        next_line(left, one);
        next_line(right, other);
        std::uint64_t sums[2] = {};
        for (std::size_t i = 0; i < one.size(); ++i) {
            const int difference = one[i] - other[i];
            sums[channels == 3 && i % 3 != 0 ? 1 : 0] += static_cast<std::uint64_t>(difference * difference);
        }
        luma.sum += static_cast<double>(sums[0]);
        chroma.sum += static_cast<double>(sums[1]);
    }
    luma.count = static_cast<std::uint64_t>(a.output_width) * a.output_height;
    chroma.count = luma.count * 2;
    guarded(left.trouble(), [&] { ::jpeg_finish_decompress(&left.info()); });
    guarded(right.trouble(), [&] { ::jpeg_finish_decompress(&right.info()); });
    return {luma.psnr(), chroma.psnr()};
}

std::string jpeg_library() {
#define MEDIAFERRY_TEXT_OF(number) MEDIAFERRY_TEXT(number)
#define MEDIAFERRY_TEXT(number) #number
    return "libjpeg-turbo " MEDIAFERRY_TEXT_OF(LIBJPEG_TURBO_VERSION);
#undef MEDIAFERRY_TEXT
#undef MEDIAFERRY_TEXT_OF
}

}  // namespace mediaferry::stages
