export { Coloured, type ColouredProps } from "./Coloured";
export type { SuggestionOption, Suggestions } from "./complete";
export { FilterBar, type FilterBarProps, type FilterError } from "./FilterBar";
export { byteFromUtf16, tokenize, utf16FromByte, type Token, type TokenKind } from "./tokens";
